import { tagHighlighter, tags } from "@lezer/highlight";
import classes from "./SqlText.module.css";

/** The tokens of SQL that get a colour, in what is read and in what is written. */
export const sqlColours = tagHighlighter([
  { tag: tags.keyword, class: classes.keyword ?? "" },
  { tag: [tags.string, tags.special(tags.string)], class: classes.string ?? "" },
  { tag: [tags.number, tags.bool, tags.null], class: classes.number ?? "" },
  { tag: tags.comment, class: classes.comment ?? "" },
  { tag: tags.typeName, class: classes.type ?? "" },
]);

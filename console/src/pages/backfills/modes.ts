import type { BackfillMode } from "../../api/types.ts";

/** What each mode does, for people who choose one. */
export const modes: Record<BackfillMode, { label: string; meaning: string; when: string }> = {
  reprocess: {
    label: "Reprocess",
    meaning:
      "The processed models run again over the rows that are in landing. Rows that are already right stay as they are.",
    when: "After a model was changed or corrected.",
  },
  refeed: {
    label: "Refeed",
    meaning:
      "Files of the range that retention had removed, and that are back in S3, are copied in and fed again. Refused for streams without a key.",
    when: "After an archive was restored.",
  },
  rebuild: {
    label: "Rebuild",
    meaning:
      "Whole tables are made anew, each in one transaction: readers see the old rows until it is done.",
    when: "When a table is to be made from scratch.",
  },
};

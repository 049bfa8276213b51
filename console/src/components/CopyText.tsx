import { ActionIcon } from "@mantine/core";
import { IconCheck, IconCopy } from "@tabler/icons-react";
import { useEffect, useState } from "react";
import { copy } from "./copy.ts";

const SHOWN_MS = 1200;

/** A button that copies. Text that takes work is made on the click. */
export function CopyText({ text, what }: { text: string | (() => string); what: string }) {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [copied]);
  const label = copied ? "Copied" : `Copy ${what}`;
  return (
    <ActionIcon
      variant="subtle"
      color="gray"
      aria-label={label}
      title={label}
      onClick={() => void copy(typeof text === "string" ? text : text()).then(() => setCopied(true))}
    >
      {copied ? <IconCheck size={15} aria-hidden /> : <IconCopy size={15} aria-hidden />}
    </ActionIcon>
  );
}

import { Button } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconDownload } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { askForFile, type Question } from "../../api/query.ts";

/** The answer as a file: the statement is asked again, in that format. */
export function Downloads({ question }: { question: Question }) {
  const download = useMutation({
    mutationFn: (format: "csv" | "parquet") => askForFile(question, format),
    onSuccess: (blob, format) => save(blob, `lotus-query.${format}`),
    onError: ({ message }) => notifications.show({ color: "red", title: "No download", message }),
  });
  return (["csv", "parquet"] as const).map((format) => (
    <Button
      key={format}
      variant="subtle"
      color="gray"
      size="compact-sm"
      leftSection={<IconDownload size={15} aria-hidden />}
      aria-label={`Download as ${format}`}
      loading={download.isPending && download.variables === format}
      onClick={() => download.mutate(format)}
    >
      {format === "csv" ? "CSV" : "Parquet"}
    </Button>
  ));
}

function save(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob);
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
}

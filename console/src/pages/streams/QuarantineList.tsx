import { Group, Text } from "@mantine/core";
import { IconRefresh, IconTrash } from "@tabler/icons-react";
import { useInfiniteQuery } from "@tanstack/react-query";
import { dropFile, type QuarantineFilter, quarantineQuery, retryFile } from "../../api/streams.ts";
import type { QuarantinedFile } from "../../api/types.ts";
import { Act } from "../../components/Act.tsx";
import { Empty } from "../../components/Feedback.tsx";
import { Figure } from "../../components/Figure.tsx";
import { Name, streamHref } from "../../components/Links.tsx";
import { Paged } from "../../components/Paged.tsx";
import { Time } from "../../components/Time.tsx";
import classes from "./QuarantineList.module.css";

const RETRY = "It waits once more and comes with the next batch. If it fails again it is set aside anew.";
const DROP =
  "It is never fed as it is, and its rows stay out of the lake. Should it be uploaded again with other content, it is tried.";

/** Files that were set aside, stream by stream, each with its reason and what can be done. */
export function QuarantineList({ filter }: { filter: QuarantineFilter }) {
  const quarantine = useInfiniteQuery(quarantineQuery(filter));
  return (
    <Paged
      query={quarantine}
      empty={
        filter.search === undefined ? (
          <Empty title="Nothing is set aside">Every file that could be listed could be read.</Empty>
        ) : (
          <Empty title="No file is like that">Take the search away to see all that were set aside.</Empty>
        )
      }
    >
      {(files) =>
        [...byStream(files)].map(([name, group]) => (
          <StreamGroup key={name} name={name} files={group} titled={filter.stream === undefined} />
        ))
      }
    </Paged>
  );
}

function StreamGroup({ name, files, titled }: { name: string; files: QuarantinedFile[]; titled: boolean }) {
  const [first] = files;
  if (!first) return null;
  return (
    <section aria-label={`Set aside from ${name}`}>
      <header className={classes.head}>
        {titled && <Name href={streamHref(first)}>{name}</Name>}
        <Group gap="xs" ml="auto">
          <Act
            small
            label="Retry all"
            name={`Retry all files of ${name}`}
            act={() => retryFile(first, null)}
            meaning={<Text size="sm">Every file of {name} that was set aside waits once more.</Text>}
          />
          <Act
            small
            danger
            label="Drop all"
            name={`Drop all files of ${name}`}
            act={() => dropFile(first, null)}
            meaning={
              <Text size="sm">
                Every file of {name} that was set aside, listed here or not, is never fed as it is. Their rows
                stay out of the lake.
              </Text>
            }
          />
        </Group>
      </header>
      <ul className={classes.files}>
        {files.map((file) => (
          <File key={`${file.key} ${file.etag}`} file={file} />
        ))}
      </ul>
    </section>
  );
}

function File({ file }: { file: QuarantinedFile }) {
  return (
    <li className={classes.file}>
      <div className={classes.what}>
        <code>{file.key}</code>
        <p>{file.reason}</p>
        <small>
          <Figure value={file.size} unit="bytes" />, set aside <Time at={file.setAsideAt} />
        </small>
      </div>
      <Group gap="xs" wrap="nowrap">
        <Act
          small
          label="Retry"
          name={`Retry ${file.key}`}
          icon={<IconRefresh size={14} aria-hidden />}
          act={() => retryFile(file, file.key)}
          meaning={<Text size="sm">{RETRY}</Text>}
        />
        <Act
          small
          danger
          label="Drop"
          name={`Drop ${file.key}`}
          icon={<IconTrash size={14} aria-hidden />}
          act={() => dropFile(file, file.key)}
          meaning={<Text size="sm">{DROP}</Text>}
        />
      </Group>
    </li>
  );
}

function byStream(files: QuarantinedFile[]): Map<string, QuarantinedFile[]> {
  const groups = new Map<string, QuarantinedFile[]>();
  for (const file of files) {
    const name = `${file.source}/${file.stream}`;
    groups.set(name, [...(groups.get(name) ?? []), file]);
  }
  return groups;
}

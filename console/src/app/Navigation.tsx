import {
  IconAffiliate,
  IconCamera,
  IconDatabase,
  IconHistoryToggle,
  type IconProps,
  IconShieldX,
  IconTerminal2,
  IconTimeline,
  IconWaveSine,
} from "@tabler/icons-react";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import type { ComponentType } from "react";
import { Link, useLocation } from "wouter";
import { assetsQuery } from "../api/assets.ts";
import { backfillsQuery } from "../api/backfills.ts";
import { streamsQuery } from "../api/streams.ts";
import { plural } from "../format/numbers.ts";
import classes from "./Navigation.module.css";

/** The menu, with what asks for attention beside the page that has it. */
export function Navigation() {
  const failed = useQuery({ ...assetsQuery, select: (all) => all.filter(isBad).length }).data ?? 0;
  const setAside = useQuery({ ...streamsQuery, select: quarantined }).data ?? 0;
  const filling = useInfiniteQuery(backfillsQuery({ state: "running" })).data?.pages[0]?.items.length ?? 0;
  return (
    <nav aria-label="Pages" className={classes.menu}>
      <Entry href="/" label="Lineage" icon={IconAffiliate} />
      <Entry
        href="/assets"
        label="Assets"
        icon={IconDatabase}
        news={{ count: failed, tone: "bad", text: `${plural(failed, "asset")} failed or late` }}
      />
      <Entry href="/streams" label="Streams" icon={IconWaveSine} />
      <Entry
        href="/quarantine"
        label="Quarantine"
        icon={IconShieldX}
        news={{ count: setAside, tone: "warn", text: `${plural(setAside, "file")} set aside` }}
      />
      <Entry href="/runs" label="Runs" icon={IconTimeline} />
      <Entry
        href="/backfills"
        label="Backfills"
        icon={IconHistoryToggle}
        news={{ count: filling, tone: "busy", text: `${filling} running` }}
      />
      <Entry href="/snapshots" label="Snapshots" icon={IconCamera} />
      <Entry href="/query" label="Query" icon={IconTerminal2} />
    </nav>
  );
}

interface EntryProps {
  href: string;
  label: string;
  icon: ComponentType<IconProps>;
  news?: { count: number; tone: string; text: string };
}

function Entry({ href, label, icon: Icon, news }: EntryProps) {
  const [location] = useLocation();
  const here = href === "/" ? location === "/" : location === href || location.startsWith(`${href}/`);
  return (
    <Link href={href} className={classes.entry} aria-current={here ? "page" : undefined}>
      <Icon size={17} stroke={1.7} aria-hidden />
      <span>{label}</span>
      {news && news.count > 0 && (
        <span className={classes.news} style={{ "--tone": `var(--${news.tone})` }} title={news.text}>
          {news.count}
        </span>
      )}
    </Link>
  );
}

function isBad({ state }: { state: string }): boolean {
  return state === "failed" || state === "late";
}

function quarantined(streams: { quarantinedFiles: number }[]): number {
  return streams.reduce((total, { quarantinedFiles }) => total + quarantinedFiles, 0);
}

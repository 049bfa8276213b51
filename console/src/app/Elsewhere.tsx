import { IconApi, IconExternalLink, IconTopologyStar3 } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { meQuery } from "../api/me.ts";
import classes from "./Navigation.module.css";

/** Where the rest of it is: the inside of runs in Temporal's UI, the API's reference. */
export function Elsewhere() {
  const { data } = useQuery(meQuery);
  return (
    <nav aria-label="Elsewhere" className={classes.menu}>
      {data?.temporalUi && (
        <a className={classes.entry} href={data.temporalUi} target="_blank" rel="noreferrer">
          <IconTopologyStar3 size={17} stroke={1.7} aria-hidden />
          Temporal
          <IconExternalLink size={13} className={classes.away} aria-hidden />
        </a>
      )}
      <a className={classes.entry} href="/docs" target="_blank" rel="noreferrer">
        <IconApi size={17} stroke={1.7} aria-hidden />
        API reference
        <IconExternalLink size={13} className={classes.away} aria-hidden />
      </a>
    </nav>
  );
}

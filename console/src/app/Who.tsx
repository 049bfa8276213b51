import { useQuery } from "@tanstack/react-query";
import { meQuery } from "../api/me.ts";
import classes from "./Shell.module.css";

/** Which lake this is, and as whom one looks at it where that matters. */
export function Who() {
  const { data } = useQuery(meQuery);
  if (!data) return null;
  const { project, version, name, role, tokenNeeded } = data;
  return (
    <p className={classes.who} title={`Project ${project.name}, Lotus ${version}`}>
      <b>{project.name}</b>
      {tokenNeeded && (
        <span>
          {name}, {role}
        </span>
      )}
    </p>
  );
}

import { useDocumentTitle } from "@mantine/hooks";
import { IconChevronRight } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { Link } from "wouter";
import classes from "./Page.module.css";

interface Props {
  title: string;
  /** Names, such as an asset's key, are set in the code font. */
  isName?: boolean;
  above?: { label: string; href: string };
  beside?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
}

/** A page: where one is, what can be done, and what there is. */
export function Page({ title, isName, above, beside, actions, children }: Props) {
  useDocumentTitle(`${title} · Lotus`);
  return (
    <div className={classes.page}>
      <header className={classes.head}>
        <div className={classes.title}>
          {above && (
            <nav aria-label="Breadcrumb" className={classes.above}>
              <Link href={above.href}>{above.label}</Link>
              <IconChevronRight size={13} aria-hidden />
            </nav>
          )}
          <h1 className={isName ? "mono" : undefined}>{title}</h1>
          {beside}
        </div>
        {actions && <div className={classes.actions}>{actions}</div>}
      </header>
      {children}
    </div>
  );
}

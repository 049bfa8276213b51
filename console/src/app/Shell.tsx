import { AppShell, Burger, Group } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { type ReactNode, useEffect } from "react";
import { Link, useLocation } from "wouter";
import { LotusMark } from "../components/LotusMark.tsx";
import { Elsewhere } from "./Elsewhere.tsx";
import { ConnectionLost, LiveLight } from "./Live.tsx";
import { Navigation } from "./Navigation.tsx";
import { SchemeSwitch } from "./SchemeSwitch.tsx";
import classes from "./Shell.module.css";
import { SignOut } from "./SignOut.tsx";
import { Who } from "./Who.tsx";

/** The frame around every page: the menu at the side, or behind a button on small screens. */
export function Shell({ children }: { children: ReactNode }) {
  const [opened, { toggle, close }] = useDisclosure(false);
  const [location] = useLocation();
  // biome-ignore lint/correctness/useExhaustiveDependencies: another page closes the menu
  useEffect(close, [location]);
  return (
    <AppShell
      layout="alt"
      header={{ height: { base: 48, sm: 0 } }}
      navbar={{ width: 208, breakpoint: "sm", collapsed: { mobile: !opened } }}
      transitionDuration={120}
    >
      <a href="#main" className={classes.skip}>
        Skip to the page
      </a>
      <AppShell.Header hiddenFrom="sm" className={classes.header}>
        <Brand />
        <Group gap="xs">
          <LiveLight />
          <Burger opened={opened} onClick={toggle} size="sm" aria-label="Menu" aria-expanded={opened} />
        </Group>
      </AppShell.Header>
      <AppShell.Navbar className={classes.navbar}>
        <Group justify="space-between" className={classes.top}>
          <Brand />
          <Burger opened onClick={toggle} size="sm" aria-label="Close the menu" hiddenFrom="sm" />
        </Group>
        <Navigation />
        <div className={classes.below}>
          <Elsewhere />
          <Who />
        </div>
        <div className={classes.foot}>
          <LiveLight />
          <Group gap={4}>
            <SignOut />
            <SchemeSwitch />
          </Group>
        </div>
      </AppShell.Navbar>
      <AppShell.Main id="main" className={classes.main} tabIndex={-1}>
        <ConnectionLost />
        {children}
      </AppShell.Main>
    </AppShell>
  );
}

function Brand() {
  return (
    <Link href="/" className={classes.brand}>
      <LotusMark />
      Lotus
    </Link>
  );
}

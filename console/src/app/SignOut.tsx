import { ActionIcon } from "@mantine/core";
import { IconLogout } from "@tabler/icons-react";
import { session, signOut } from "../api/session.ts";

export function SignOut() {
  const { token } = session.use();
  if (token === null) return null;
  return (
    <ActionIcon variant="subtle" color="gray" aria-label="Sign out" title="Sign out" onClick={signOut}>
      <IconLogout size={17} stroke={1.7} aria-hidden />
    </ActionIcon>
  );
}

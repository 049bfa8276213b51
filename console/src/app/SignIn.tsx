import { Alert, Button, PasswordInput, Text } from "@mantine/core";
import { useDocumentTitle } from "@mantine/hooks";
import { type FormEvent, useState } from "react";
import { problemOf } from "../api/problem.ts";
import { signIn } from "../api/session.ts";
import { LotusMark } from "../components/LotusMark.tsx";
import classes from "./SignIn.module.css";

/** Asks for a token, and takes it once the API knows it. */
export function SignIn() {
  useDocumentTitle("Sign in · Lotus");
  const [token, setToken] = useState("");
  const [refusal, setRefusal] = useState<string | null>(null);
  const [asking, setAsking] = useState(false);

  async function submit(event: FormEvent) {
    event.preventDefault();
    setAsking(true);
    setRefusal(await refusalOf(token.trim()));
    setAsking(false);
  }

  return (
    <main className={classes.page}>
      <form className={classes.card} onSubmit={(event) => void submit(event)}>
        <LotusMark size={52} />
        <h1>Lotus</h1>
        <Text c="dimmed" size="sm" ta="center">
          This lake is guarded. Sign in with one of the tokens that its operator has set in{" "}
          <code>LOTUS_API_TOKEN</code>.
        </Text>
        <PasswordInput
          label="Token"
          w="100%"
          value={token}
          onChange={({ currentTarget }) => setToken(currentTarget.value)}
          autoComplete="off"
          required
          withAsterisk={false}
          data-autofocus
        />
        {refusal && (
          <Alert color="red" w="100%" role="alert">
            {refusal}
          </Alert>
        )}
        <Button type="submit" fullWidth loading={asking}>
          Sign in
        </Button>
        <Text c="dimmed" size="xs">
          It is kept until this tab is closed.
        </Text>
      </form>
    </main>
  );
}

/** Why the API does not take a token; null, and signed in, where it does. */
async function refusalOf(token: string): Promise<string | null> {
  try {
    const response = await fetch("/api/v1/me", { headers: { authorization: `Bearer ${token}` } });
    if (!response.ok) return (await problemOf(response)).message;
    signIn(token);
    return null;
  } catch {
    return "Lotus does not answer, or the token has characters that no token has.";
  }
}

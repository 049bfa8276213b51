import { MantineProvider } from "@mantine/core";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { lazy, Suspense, useEffect } from "react";
import { keepLive } from "../api/live.ts";
import { ApiProblem } from "../api/problem.ts";
import { session } from "../api/session.ts";
import { Pages } from "./Pages.tsx";
import { Shell } from "./Shell.tsx";
import { SignIn } from "./SignIn.tsx";
import { cssVariables, theme } from "./theme.ts";

const Notices = lazy(() => import("./Notices.tsx"));

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 5000,
      retry: (count, error) => count < 2 && !(error instanceof ApiProblem && isFinal(error)),
    },
  },
});

/** What a second request would be answered with alike. */
function isFinal({ status }: ApiProblem): boolean {
  return status >= 400 && status < 500 && status !== 429;
}

export function App() {
  return (
    <MantineProvider theme={theme} defaultColorScheme="auto" cssVariablesResolver={cssVariables}>
      <QueryClientProvider client={queries}>
        <Console />
        <Suspense>
          <Notices />
        </Suspense>
      </QueryClientProvider>
    </MantineProvider>
  );
}

function Console() {
  const { state, token } = session.use();
  // biome-ignore lint/correctness/useExhaustiveDependencies: another token is another stream of events
  useEffect(() => {
    if (state === "asked") {
      queries.clear();
      return;
    }
    return keepLive(queries);
  }, [state, token]);
  if (state === "asked") return <SignIn />;
  return (
    <Shell>
      <Pages />
    </Shell>
  );
}

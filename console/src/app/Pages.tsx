import { type ComponentType, lazy, Suspense } from "react";
import { Route, Switch, useLocation } from "wouter";
import { ApiProblem } from "../api/problem.ts";
import { Empty, Loading } from "../components/Feedback.tsx";
import { Page } from "../components/Page.tsx";
import { Boundary } from "./Boundary.tsx";

/** Each page is loaded when it is first opened. */
const routes = {
  "/": page(() => import("../pages/lineage/LineagePage.tsx")),
  "/assets": page(() => import("../pages/assets/AssetsPage.tsx")),
  "/assets/:key": page(() => import("../pages/assets/AssetPage.tsx")),
  "/streams": page(() => import("../pages/streams/StreamsPage.tsx")),
  "/streams/:source/:stream": page(() => import("../pages/streams/StreamPage.tsx")),
  "/quarantine": page(() => import("../pages/streams/QuarantinePage.tsx")),
  "/runs": page(() => import("../pages/runs/RunsPage.tsx")),
  "/runs/*": page(() => import("../pages/runs/RunPage.tsx")),
  "/backfills": page(() => import("../pages/backfills/BackfillsPage.tsx")),
  "/backfills/new": page(() => import("../pages/backfills/NewBackfillPage.tsx")),
  "/backfills/:id": page(() => import("../pages/backfills/BackfillPage.tsx")),
  "/snapshots": page(() => import("../pages/snapshots/SnapshotsPage.tsx")),
  "/query": page(() => import("../pages/query/QueryPage.tsx")),
};

function page(load: () => Promise<{ default: ComponentType }>) {
  return lazy(() =>
    load().catch(() => {
      const text = "This page could not be loaded: Lotus does not answer, or a newer one was installed.";
      throw new ApiProblem(0, "UNREACHABLE", text, null);
    }),
  );
}

export function Pages() {
  const [location] = useLocation();
  return (
    <Boundary key={location}>
      <Suspense fallback={<Loading />}>
        <Switch>
          {Object.entries(routes).map(([path, component]) => (
            <Route key={path} path={path} component={component} />
          ))}
          <Route>
            <Page title="Nothing here">
              <Empty title="There is no such page">The menu leads to all that there are.</Empty>
            </Page>
          </Route>
        </Switch>
      </Suspense>
    </Boundary>
  );
}

import { lazy, Suspense } from "react";
import { Route, Switch, useLocation } from "wouter";
import { Empty, Loading } from "../components/Feedback.tsx";
import { Page } from "../components/Page.tsx";
import { Boundary } from "./Boundary.tsx";

/** Each page is loaded when it is first opened. */
const routes = {
  "/": lazy(() => import("../pages/lineage/LineagePage.tsx")),
  "/assets": lazy(() => import("../pages/assets/AssetsPage.tsx")),
  "/assets/:key": lazy(() => import("../pages/assets/AssetPage.tsx")),
  "/streams": lazy(() => import("../pages/streams/StreamsPage.tsx")),
  "/streams/:source/:stream": lazy(() => import("../pages/streams/StreamPage.tsx")),
  "/quarantine": lazy(() => import("../pages/streams/QuarantinePage.tsx")),
  "/runs": lazy(() => import("../pages/runs/RunsPage.tsx")),
  "/runs/*": lazy(() => import("../pages/runs/RunPage.tsx")),
  "/backfills": lazy(() => import("../pages/backfills/BackfillsPage.tsx")),
  "/backfills/new": lazy(() => import("../pages/backfills/NewBackfillPage.tsx")),
  "/backfills/:id": lazy(() => import("../pages/backfills/BackfillPage.tsx")),
  "/snapshots": lazy(() => import("../pages/snapshots/SnapshotsPage.tsx")),
  "/query": lazy(() => import("../pages/query/QueryPage.tsx")),
};

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

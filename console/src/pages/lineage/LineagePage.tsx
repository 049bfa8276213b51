import { useDocumentTitle, useHotkeys } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { Panel, ReactFlowProvider, useReactFlow, useStoreApi } from "@xyflow/react";
import { lazy, Suspense, useCallback, useEffect, useMemo, useRef } from "react";
import { lineageQuery } from "../../api/assets.ts";
import type { AssetState, Lineage } from "../../api/types.ts";
import { Answer } from "../../components/Answer.tsx";
import { Empty, Loading } from "../../components/Feedback.tsx";
import { useFilters } from "../../components/useFilters.ts";
import { isAssetState } from "../../format/states.ts";
import { Canvas } from "./Canvas.tsx";
import { kinOf } from "./kin.ts";
import { Legend } from "./Legend.tsx";
import classes from "./Lineage.module.css";
import type { Places } from "./node-size.ts";
import { fitOf, uncover } from "./room.ts";
import { usePlaces } from "./usePlaces.ts";

// The graph does not wait for what is beside it.
const AssetPanel = lazy(() => import("./AssetPanel.tsx"));
const AssetSearch = lazy(() => import("./AssetSearch.tsx"));

/** The whole lake, from source to fact. What is chosen is in the address: `?asset=fct_sales`, `?state=failed`. */
export default function LineagePage() {
  useDocumentTitle("Lineage · Lotus");
  const lineage = useQuery(lineageQuery);
  return (
    <div className={classes.page}>
      <h1 className="for-readers">Lineage</h1>
      <Answer query={lineage}>
        {(graph) =>
          graph.nodes.length === 0 ? (
            <Empty title="This project has no assets yet">
              Write a stream into dag/streams, or run <code>lotus stream add</code>, and start Lotus again.
            </Empty>
          ) : (
            <ReactFlowProvider>
              <Graph graph={graph} />
            </ReactFlowProvider>
          )
        }
      </Answer>
    </div>
  );
}

function Graph({ graph }: { graph: Lineage }) {
  const places = usePlaces(graph);
  return places ? <PlacedGraph graph={graph} places={places} /> : <Loading />;
}

function PlacedGraph({ graph, places }: { graph: Lineage; places: Places }) {
  const { get, set } = useFilters();
  const flow = useReactFlow();
  const selected = get("asset") ?? null;
  const wanted = get("state");
  const state: AssetState | null = wanted !== undefined && isAssetState(wanted) ? wanted : null;
  const asset = graph.nodes.find(({ key }) => key === selected);
  const states = useMemo(() => new Map(graph.nodes.map((node) => [node.key, node.state])), [graph]);
  const lit = useMemo(() => {
    if (selected !== null && states.has(selected)) return kinOf(graph, selected);
    if (state === null) return null;
    return new Set(graph.nodes.filter((node) => node.state === state).map(({ key }) => key));
  }, [graph, states, selected, state]);
  const select = useCallback((key: string | null) => set("asset", key), [set]);
  useHotkeys([["Escape", () => select(null)]]);

  // What is chosen is not hidden by the panel about it; what was searched for is gone to.
  const store = useStoreApi();
  const searched = useRef<string | null>(null);
  const place = asset && places[asset.key];
  useEffect(() => {
    if (!place) return;
    const { width, height } = store.getState();
    if (searched.current === null) {
      void flow.setViewport(uncover(place, flow.getViewport(), { width, height }), { duration: 200 });
      return;
    }
    const nodes = [{ id: searched.current }];
    searched.current = null;
    void flow.fitView({ ...fitOf({ width, height }, true), nodes, minZoom: 1, maxZoom: 1, duration: 300 });
  }, [flow, place, store]);

  function jump(key: string) {
    searched.current = key;
    select(key);
  }

  return (
    <>
      <Canvas graph={graph} places={places} selected={selected} lit={lit} onSelect={select}>
        <Panel position="top-left" className={classes.tools} data-narrow={asset !== undefined || undefined}>
          <Suspense fallback={<div className={classes.search} />}>
            <AssetSearch assets={graph.nodes} onFind={jump} />
          </Suspense>
          <Legend assets={graph.nodes} chosen={state} onChoose={(next) => set("state", next)} />
        </Panel>
      </Canvas>
      <Suspense>
        {asset && <AssetPanel asset={asset} states={states} onClose={() => select(null)} />}
      </Suspense>
    </>
  );
}

import "@xyflow/react/dist/style.css";
import "./canvas.css";
import { useComputedColorScheme } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import {
  Background,
  Controls,
  type FitViewOptions,
  MiniMap,
  type OnNodesChange,
  ReactFlow,
  type ReactFlowInstance,
  useStore,
} from "@xyflow/react";
import { type ReactNode, useCallback, useMemo, useRef } from "react";
import type { Lineage } from "../../api/types.ts";
import { assetLooks, assetStates } from "../../format/states.ts";
import { AssetNode, type AssetNodeType } from "./AssetNode.tsx";
import { edgesOf, nodesOf } from "./elements.ts";
import type { Places } from "./node-size.ts";
import { fitOf } from "./room.ts";

const nodeTypes = { asset: AssetNode };
/** Below these zooms names are drawn larger and alone, and then not at all: only colours can still be seen. */
const MIDDLE = 0.6;
const FAR = 0.22;
/** What the whole must at least be drawn at to begin with it. */
const READABLE = 0.36;
const CLOSE = 0.7;

interface Props {
  graph: Lineage;
  places: Places;
  selected: string | null;
  lit: Set<string> | null;
  onSelect: (key: string | null) => void;
  children: ReactNode;
}

/** The graph itself: pan, zoom, fit, choose. */
export function Canvas({ graph, places, selected, lit, onSelect, children }: Props) {
  const scheme = useComputedColorScheme();
  const roomy = useMediaQuery("(width >= 75em)", undefined, { getInitialValueInEffect: false });
  const drawn = useRef<AssetNodeType[]>([]);
  const nodes = useMemo(() => {
    drawn.current = nodesOf(graph, places, { selected, lit }, drawn.current);
    return drawn.current;
  }, [graph, places, selected, lit]);
  const edges = useMemo(() => edgesOf(graph, { selected, lit }), [graph, selected, lit]);
  const width = useStore((store) => store.width);
  const height = useStore((store) => store.height);
  const fit = fitOf({ width, height }, selected !== null);
  const distance = useStore(({ transform: [, , zoom] }) =>
    zoom < FAR ? "far" : zoom < MIDDLE ? "middle" : "near",
  );

  // Enter on a focused asset reaches us this way, and not as a click.
  const onNodesChange: OnNodesChange<AssetNodeType> = useCallback(
    (changes) => {
      const chosen = changes.find((change) => change.type === "select" && change.selected);
      if (chosen?.type === "select") onSelect(chosen.id);
    },
    [onSelect],
  );

  return (
    <ReactFlow
      className={distance}
      nodes={nodes}
      edges={edges}
      nodeTypes={nodeTypes}
      colorMode={scheme}
      onInit={(flow) => void begin(flow, { graph, selected, fit })}
      minZoom={0.05}
      maxZoom={2}
      nodesDraggable={false}
      nodesConnectable={false}
      edgesFocusable={false}
      deleteKeyCode={null}
      multiSelectionKeyCode={null}
      selectionKeyCode={null}
      onNodeClick={(_, node) => onSelect(node.id)}
      onPaneClick={() => onSelect(null)}
      onNodesChange={onNodesChange}
      proOptions={{ hideAttribution: false }}
      aria-label="Graph of all assets"
    >
      <Background gap={22} size={1.4} color="var(--line-strong)" />
      <Controls showInteractive={false} position="bottom-left" fitViewOptions={fit} />
      {roomy && (
        <MiniMap
          pannable
          zoomable
          position="bottom-right"
          ariaLabel="Overview of the graph"
          nodeColor={({ data }: AssetNodeType) => `var(--${assetLooks[data.asset.state].tone})`}
          nodeStrokeWidth={0}
          nodeBorderRadius={12}
        />
      )}
      {children}
    </ReactFlow>
  );
}

/** Begins with the whole; where that is too small to be read, with what was asked for, or with the worst there is. */
async function begin(
  flow: ReactFlowInstance<AssetNodeType>,
  { graph, selected, fit }: Pick<Props, "graph" | "selected"> & { fit: FitViewOptions },
) {
  await flow.fitView(fit);
  if (flow.getZoom() >= READABLE) return;
  const [worst] = [...graph.nodes].sort(
    (left, right) => assetStates.indexOf(left.state) - assetStates.indexOf(right.state),
  );
  const id = selected ?? worst?.key;
  if (id !== undefined) await flow.fitView({ ...fit, nodes: [{ id }], minZoom: CLOSE, maxZoom: CLOSE });
}

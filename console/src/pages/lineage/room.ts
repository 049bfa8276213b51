import type { FitViewOptions } from "@xyflow/react";
import { NODE_HEIGHT, NODE_WIDTH } from "./node-size.ts";

/** What lies over the graph: search and legend above, the panel about what is chosen beside, or below on phones. */
const TOOLS = 64;
const PANEL_WIDTH = 376;
const PANEL_SHARE = 0.58;
const PHONE = 768;
const MARGIN = 24;

interface Size {
  width: number;
  height: number;
}

/** How much of each side is covered. Pure. */
function covered({ width, height }: Size, panel: boolean) {
  const phone = width < PHONE;
  return {
    top: TOOLS,
    left: MARGIN,
    right: panel && !phone ? PANEL_WIDTH + MARGIN : MARGIN,
    bottom: panel && phone ? Math.round(height * PANEL_SHARE) + MARGIN : MARGIN,
  };
}

/** Fits the graph into what is not covered. */
export function fitOf(size: Size, panel: boolean): FitViewOptions {
  const { top, right, bottom, left } = covered(size, panel);
  return {
    padding: { top: `${top}px`, right: `${right}px`, bottom: `${bottom}px`, left: `${left}px` },
    maxZoom: 1.1,
  };
}

interface Viewport {
  x: number;
  y: number;
  zoom: number;
}

/** The viewport moved by no more than it takes for an asset not to lie below the panel. Pure. */
export function uncover(place: { x: number; y: number }, viewport: Viewport, size: Size): Viewport {
  const { top, right, bottom, left } = covered(size, true);
  const { x, y, zoom } = viewport;
  const beyond = (start: number, length: number, from: number, to: number) => {
    if (start + length > to) return to - start - length;
    return start < from ? from - start : 0;
  };
  return {
    x: x + beyond(place.x * zoom + x, NODE_WIDTH * zoom, left, size.width - right),
    y: y + beyond(place.y * zoom + y, NODE_HEIGHT * zoom, top, size.height - bottom),
    zoom,
  };
}

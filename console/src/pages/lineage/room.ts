import type { FitViewOptions } from "@xyflow/react";
import { NODE_HEIGHT, NODE_WIDTH } from "./node-size.ts";

/** What lies over the graph: search and legend above, the panel about what is chosen beside, or below where there is little room. */
const TOOLS = 64;
const PANEL_WIDTH = 376;
const PANEL_SHARE = 0.58;
/** Below it the panel lies at the bottom; as in Lineage.module.css, without the menu. */
const NARROW = 784;
const MARGIN = 24;
/** From here on one looks from further away. */
const WALL = 2400;

interface Size {
  width: number;
  height: number;
}

/** How much of each side is covered. Pure. */
function covered({ width, height }: Size, panel: boolean) {
  const narrow = width < NARROW;
  return {
    top: TOOLS,
    left: MARGIN,
    right: panel && !narrow ? PANEL_WIDTH + MARGIN : MARGIN,
    bottom: panel && narrow ? Math.round(height * PANEL_SHARE) + MARGIN : MARGIN,
  };
}

/** Fits the graph into what is not covered. */
export function fitOf(size: Size, panel: boolean): FitViewOptions {
  const { top, right, bottom, left } = covered(size, panel);
  return {
    padding: { top: `${top}px`, right: `${right}px`, bottom: `${bottom}px`, left: `${left}px` },
    maxZoom: size.width > WALL ? 1.8 : 1.1,
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

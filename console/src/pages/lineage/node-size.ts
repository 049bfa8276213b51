/** Known to the layout, which runs in a worker, and to the page, which draws. */
export const NODE_WIDTH = 232;
export const NODE_HEIGHT = 62;

export type Places = Record<string, { x: number; y: number }>;

import { placesOf, type Shape } from "./layout.ts";

self.onmessage = ({ data }: MessageEvent<Shape>) => self.postMessage(placesOf(data));

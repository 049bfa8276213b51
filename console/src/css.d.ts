import "react";

declare module "react" {
  /** Custom properties are how components hand colours to their style sheets. */
  interface CSSProperties {
    [name: `--${string}`]: string | number | undefined;
  }
}

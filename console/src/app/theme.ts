import { type CSSVariablesResolver, createTheme, type MantineColorsTuple } from "@mantine/core";

/** The petals: the one colour that is ours; states have theirs in `look.css`. */
const lotus: MantineColorsTuple = [
  "#fdf0f7",
  "#f8dcea",
  "#efb8d3",
  "#e592bb",
  "#d970a6",
  "#c95294",
  "#b0407f",
  "#93326a",
  "#752755",
  "#541b3d",
];

/** Greys with a drop of ink violet, so that light and dark are of one family. */
const dark: MantineColorsTuple = [
  "#e6e4ec",
  "#c3c0cc",
  "#a5a1b1",
  "#7d7889",
  "#3a3744",
  "#2e2b37",
  "#211f29",
  "#191820",
  "#131219",
  "#0d0c12",
];

const gray: MantineColorsTuple = [
  "#faf9fb",
  "#f4f2f6",
  "#e9e6ed",
  "#dcd8e2",
  "#c5c0cd",
  "#a39dae",
  "#736d80",
  "#565063",
  "#38333f",
  "#1e1b24",
];

export const theme = createTheme({
  primaryColor: "lotus",
  primaryShade: 6,
  colors: { lotus, dark, gray },
  fontFamily: "'Inter Variable', system-ui, sans-serif",
  fontFamilyMonospace: "'JetBrains Mono Variable', ui-monospace, monospace",
  fontSizes: { xs: "0.75rem", sm: "0.8125rem", md: "0.875rem", lg: "1rem", xl: "1.125rem" },
  defaultRadius: "md",
  cursorType: "pointer",
  focusRing: "auto",
  respectReducedMotion: true,
  headings: { fontWeight: "620", sizes: { h1: { fontSize: "1.375rem", lineHeight: "1.3" } } },
  components: {
    Button: { defaultProps: { size: "sm" } },
    CloseButton: { defaultProps: { "aria-label": "Close" } },
    Modal: { defaultProps: { centered: true, transitionProps: { transition: "fade", duration: 120 } } },
    Tooltip: { defaultProps: { withArrow: true, openDelay: 250, multiline: true, maw: 320 } },
    TextInput: { defaultProps: { size: "sm" } },
    Select: { defaultProps: { size: "sm" } },
  },
});

export const cssVariables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    "--mantine-color-body": "#ffffff",
    "--mantine-color-dimmed": "#635d70",
    "--mantine-color-placeholder": "#736d80",
  },
  dark: { "--mantine-color-body": "#16151c", "--mantine-color-dimmed": "#a5a1b1" },
});

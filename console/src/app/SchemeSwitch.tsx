import { ActionIcon, useMantineColorScheme } from "@mantine/core";
import { IconDeviceDesktop, IconMoon, IconSun } from "@tabler/icons-react";

const SCHEMES = {
  auto: { icon: IconDeviceDesktop, next: "light", text: "Colours as the system has them" },
  light: { icon: IconSun, next: "dark", text: "Light colours" },
  dark: { icon: IconMoon, next: "auto", text: "Dark colours" },
} as const;

export function SchemeSwitch() {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const { icon: Icon, next, text } = SCHEMES[colorScheme];
  const label = `${text}. Switch to: ${SCHEMES[next].text.toLowerCase()}`;
  return (
    <ActionIcon
      variant="subtle"
      color="gray"
      aria-label={label}
      title={label}
      onClick={() => setColorScheme(next)}
    >
      <Icon size={17} stroke={1.7} aria-hidden />
    </ActionIcon>
  );
}

import "@mantine/notifications/styles.layer.css";
import { Notifications } from "@mantine/notifications";

/** Where it is told what came of an action. Loaded after the page, since nothing is told before. */
export default function Notices() {
  return <Notifications position="bottom-right" />;
}

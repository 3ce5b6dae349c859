import { effect } from "@preact/signals";
import { render } from "preact";
import { App } from "./app";
import { watchAlerts } from "./alerts/notify";
import { langTag } from "./i18n/text";
import { watchLinks } from "./router";
import { start } from "./store";
import "./styles/index.css";
import { applyTheme } from "./theme";

applyTheme();
effect(() => {
  document.documentElement.lang = langTag.value;
});
watchLinks();
start();
watchAlerts();
render(<App />, document.getElementById("app")!);

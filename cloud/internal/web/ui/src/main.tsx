import { effect } from "@preact/signals";
import { render } from "preact";
import { App } from "./app";
import { watchAlerts } from "./alerts/notify";
import { langTag } from "./i18n/text";
import { watchLinks } from "./router";
import { known } from "./session";
import { start } from "./store";
import "./styles/index.css";
import { applyTheme } from "./theme";
import { SignInView } from "./views/signin";

applyTheme();
effect(() => {
  document.documentElement.lang = langTag.value;
});
const root = document.getElementById("app")!;
void known().then((may) => {
  if (!may || location.pathname === "/welcome") {
    render(<SignInView />, root);
    return;
  }
  watchLinks();
  start();
  watchAlerts();
  render(<App />, root);
});

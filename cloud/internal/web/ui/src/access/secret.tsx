// Something that is shown once, and can be copied.

import { useState } from "preact/hooks";
import { t } from "../i18n/text";

export function Secret({ text, value }: { text: string; value: string }) {
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(value);
      setCopied(true);
    } catch {
      // Without leave to the clipboard it can still be marked and copied by hand.
    }
  };
  return (
    <div class="note once" role="status">
      <p>{text}</p>
      <code class="secret">{value}</code>
      <button class="button button-small" type="button" onClick={() => void copy()}>
        {t(copied ? "access.copied" : "access.copy")}
      </button>
    </div>
  );
}

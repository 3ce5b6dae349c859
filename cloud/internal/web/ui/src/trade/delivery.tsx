// When a store is delivered: its days, and until when an order reaches them.

import { useState } from "preact/hooks";
import { t, type Key } from "../i18n/text";
import { Facts, Field, SaveButton, SaveError } from "../setup/parts";
import { useSave } from "../setup/save";
import { useLoad } from "../ui/async";
import { mayChange } from "./parts";
import { type Calendar, tradeApi } from "./trade";

const DAYS = ["Mo", "Tu", "We", "Th", "Fr", "Sa", "Su"] as const;

export function DeliveryCard({ store }: { store: string }) {
  const loaded = useLoad((signal) => tradeApi.deliveries(signal), [store]);
  if (!loaded.data) return null;
  const own = loaded.data.stores?.[store];
  return (
    <details class="card folded delivery-card">
      <summary>
        <h2>{t("delivery.title")}</h2>
        <span class="muted">{t(own ? "delivery.own" : "delivery.daily")}</span>
      </summary>
      {mayChange() ? <DeliveryForm key={store} store={store} from={own ?? loaded.data.without} reload={loaded.reload} /> : <Delivery of={own ?? loaded.data.without} />}
    </details>
  );
}

function Delivery({ of }: { of: Calendar }) {
  const days = DAYS.filter((d) => of.days.includes(d)).map((d) => t(`delivery.day.${d}` as Key));
  return (
    <Facts
      of={[
        [t("delivery.days"), days.join(", ")],
        [t("delivery.at"), of.at],
        [t("delivery.order_by"), of.order_by],
        [t("delivery.lead"), String(of.lead_days)],
        [t("delivery.off"), of.off?.join(", ") || t("delivery.no_dates")],
        [t("delivery.extra"), of.extra?.join(", ") || t("delivery.no_dates")],
      ]}
    />
  );
}

function DeliveryForm({ store, from, reload }: { store: string; from: Calendar; reload(): void }) {
  const [form, setForm] = useState(from);
  const [off, setOff] = useState(from.off?.join(", ") ?? "");
  const [extra, setExtra] = useState(from.extra?.join(", ") ?? "");
  const [saving, save] = useSave();
  const set = (part: Partial<Calendar>) => setForm((f) => ({ ...f, ...part }));
  const toggle = (day: string) => set({ days: DAYS.filter((d) => (d === day) !== form.days.includes(d)) });
  const submit = async (e: Event) => {
    e.preventDefault();
    if (await save(() => tradeApi.putDelivery(store, { ...form, off: dates(off), extra: dates(extra) }))) reload();
  };
  return (
    <form class="form" onSubmit={submit}>
      <fieldset class="day-picks">
        <legend>{t("delivery.days")}</legend>
        {DAYS.map((d) => (
          <label key={d}>
            <input type="checkbox" checked={form.days.includes(d)} onChange={() => toggle(d)} />
            {t(`delivery.day.${d}` as Key)}
          </label>
        ))}
      </fieldset>
      <Field label={t("delivery.at")} value={form.at} pattern="[0-2][0-9]:[0-5][0-9]" required onValue={(at) => set({ at })} />
      <Field label={t("delivery.order_by")} value={form.order_by} pattern="[0-2][0-9]:[0-5][0-9]" required onValue={(order_by) => set({ order_by })} />
      <Field label={t("delivery.lead")} type="number" min={0} max={30} step={1} value={String(form.lead_days)} onValue={(v) => set({ lead_days: Number(v) })} />
      <Field label={t("delivery.off")} hint={t("delivery.off_hint")} value={off} placeholder="12-25, 2027-02-05/2027-02-12" onValue={setOff} />
      <Field label={t("delivery.extra")} hint={t("delivery.extra_hint")} value={extra} placeholder="2027-02-04" onValue={setExtra} />
      <div class="form-foot">
        <SaveButton saving={saving} />
        <SaveError saving={saving} />
      </div>
    </form>
  );
}

const dates = (text: string) => text.split(/[\s,，、;；]+/).filter(Boolean);

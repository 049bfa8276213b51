import { iso, money, type Row } from "./rows.ts";
import type { KlaviyoEvent, Profile } from "./shop.ts";

export function profileRow(profile: Profile, at: number): Row {
  const updated = profile.changes.findLast((time) => time <= at) ?? profile.createdAt;
  const { country, person } = profile;
  return {
    type: "profile",
    id: profile.id,
    updated: iso(updated),
    attributes: JSON.stringify({
      email: profile.email,
      phone_number: profile.phone,
      external_id: null,
      first_name: person?.first ?? null,
      last_name: person?.last ?? null,
      organization: null,
      title: null,
      created: iso(profile.createdAt),
      updated: iso(updated),
      last_event_date: profile.changes.length > 1 ? iso(updated) : null,
      location: { city: country.city, country: country.name, zip: country.zip },
      properties: { $consent: ["email"], "Prefers 🍵": country.locale !== "en" },
    }),
    links: JSON.stringify({ self: `https://a.klaviyo.com/api/profiles/${profile.id}/` }),
    relationships: null,
    segments: null,
  };
}

export function eventRow(event: KlaviyoEvent): Row {
  return {
    type: "event",
    id: event.id,
    datetime: iso(event.at),
    attributes: JSON.stringify({
      timestamp: event.at / 1000,
      datetime: iso(event.at),
      uuid: event.id,
      event_properties:
        event.value === null ? { $subject: "Neu: Tee 🍵 & Tassen" } : { $value: money(event.value) },
    }),
    links: JSON.stringify({ self: `https://a.klaviyo.com/api/events/${event.id}/` }),
    relationships: JSON.stringify({
      profile: { data: { type: "profile", id: event.profile } },
      metric: { data: { type: "metric", id: event.metric } },
    }),
  };
}

import type { Page } from "playwright-core";

/** How long frames take, in milliseconds, while something is done again and again for two seconds. */
export async function frames(
  page: Page,
  act: () => Promise<void>,
): Promise<{ median: number; worst: number }> {
  const measuring = page.evaluate<number[]>(`new Promise((resolve) => {
    const times = [];
    const start = performance.now();
    let last = start;
    const next = (now) => {
      times.push(now - last);
      last = now;
      if (now - start < 2000) requestAnimationFrame(next);
      else resolve(times.slice(1));
    };
    requestAnimationFrame(next);
  })`);
  let measured = false;
  const ended = measuring.then(() => {
    measured = true;
  });
  while (!measured) await act();
  await ended;
  const times = (await measuring).sort((left, right) => left - right);
  return { median: Math.round(times[times.length >> 1] ?? 0), worst: Math.round(times.at(-1) ?? 0) };
}

/** A day's rhythm in the height of a line: bars, since what was fed within an hour is an amount. */
export function Sparkline({ values, label }: { values: number[]; label: string }) {
  const most = Math.max(1, ...values);
  const step = 100 / values.length;
  return (
    <svg
      viewBox="0 0 100 22"
      width="108"
      height="22"
      preserveAspectRatio="none"
      role="img"
      aria-label={label}
    >
      {values.map((value, index) => {
        const height = value === 0 ? 0.8 : Math.max(2, (value / most) * 22);
        return (
          <rect
            // biome-ignore lint/suspicious/noArrayIndexKey: the position is the hour
            key={index}
            x={index * step + step * 0.15}
            y={22 - height}
            width={step * 0.7}
            height={height}
            fill={value === 0 ? "var(--line-strong)" : "var(--petal)"}
          />
        );
      })}
    </svg>
  );
}

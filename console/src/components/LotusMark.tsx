/** The mark: five petals that open, the outer ones lighter. */
export function LotusMark({ size = 26 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" fill="var(--petal)" aria-hidden="true">
      <path d="M16 4c3.6 4 5.2 8 5.2 12.200c0 3.6-1.9 7.3-5.2 9.800c-3.3-2.5-5.2-6.2-5.2-9.800C10.8 12 12.4 8 16 4z" />
      <g opacity=".72">
        <path d="M5.5 9.500c3 .6 4.5 1.6 5.1 2.600c-1.6 5.2-.4 10 3.1 13.700C8 24.5 4.8 19 5.5 9.500z" />
        <path d="M26.5 9.500c-3 .6-4.5 1.6-5.1 2.600c1.6 5.2.4 10-3.1 13.700C24 24.5 27.2 19 26.5 9.500z" />
      </g>
      <g opacity=".4">
        <path d="M1.5 17.500c1.1-.5 2.2-.7 3.2-.7c1.1 4.4 3.4 7.5 6.7 9.300C6.7 26.6 3 23.5 1.5 17.500z" />
        <path d="M30.5 17.500c-1.1-.5-2.2-.7-3.2-.7c-1.1 4.4-3.4 7.5-6.7 9.300C25.3 26.6 29 23.5 30.5 17.500z" />
      </g>
    </svg>
  );
}

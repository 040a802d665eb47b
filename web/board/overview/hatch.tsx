/** What marks failures in charts, for people who cannot see the colours. The style sheet refers to it by its id. */
export function Hatch() {
  return (
    <svg className="hidden" aria-hidden="true">
      <pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
        <rect className="ground" width="6" height="6" />
        <rect className="line" width="2" height="6" />
      </pattern>
    </svg>
  );
}

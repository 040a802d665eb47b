import type { BrowserContextOptions } from 'playwright-core';

/** How the browser shows the page. */
export type View = Pick<BrowserContextOptions, 'colorScheme' | 'viewport' | 'timezoneId'>;

/** The screens that the pages are made for. */
export const VIEWPORTS = {
  screen: { width: 1440, height: 900 },
  phone: { width: 390, height: 844 },
} as const;

/** Each of them in both themes. */
const ALL_VIEWS = (['light', 'dark'] as const).flatMap((colorScheme) =>
  (['screen', 'phone'] as const).map((device) => ({
    name: `a ${colorScheme} ${device}` as const,
    width: VIEWPORTS[device].width,
    view: { colorScheme, viewport: VIEWPORTS[device] },
  })),
);

type ViewName = (typeof ALL_VIEWS)[number]['name'];

/** These, for `describe.for(…)('on $name', …)`. The slow suites look at all of them. */
export function viewsOf(...names: readonly ViewName[]): typeof ALL_VIEWS {
  return process.env['ALL_VIEWS'] === 'true'
    ? ALL_VIEWS
    : ALL_VIEWS.filter(({ name }) => names.includes(name));
}

/** Two that differ in both ways. */
export const VIEWS = viewsOf('a light screen', 'a dark phone');

import { useMonaco } from '@graphiql/react';
import { useEffect } from 'react';

/** The colours of `style/palette.css` that the editors have. Monaco reads no variables of CSS. */
const PALETTES = {
  light: {
    base: 'vs',
    surface: '#ffffff',
    text: '#1b1e24',
    dim: '#575d68',
    accent: '#a8480a',
    success: '#12693a',
  },
  dark: {
    base: 'vs-dark',
    surface: '#1b1e24',
    text: '#eceae6',
    dim: '#a4abb7',
    accent: '#ffa362',
    success: '#65d394',
  },
} as const;

/** What GraphiQL calls its own themes. It chooses between them. */
const NAMES = { light: 'graphiql-LIGHT', dark: 'graphiql-DARK' } as const;

/** Gives the editors the colours of the page, as soon as Monaco has loaded. */
export function EditorTheme() {
  const monaco = useMonaco((state) => state.monaco);
  useEffect(() => {
    monaco?.editor.defineTheme(NAMES.light, themeOf('light'));
    monaco?.editor.defineTheme(NAMES.dark, themeOf('dark'));
  }, [monaco]);
  return null;
}

function themeOf(name: keyof typeof PALETTES) {
  const { base, surface, text, dim, accent, success } = PALETTES[name];
  const chosen = `${accent}22`;
  return {
    base,
    inherit: true,
    rules: [
      { token: 'comment', foreground: dim },
      { token: 'number', foreground: success },
      { token: 'argument.identifier.gql', foreground: accent },
    ],
    colors: {
      // That of the pane.
      'editor.background': '#ffffff00',
      'scrollbar.shadow': '#ffffff00',
      'editorHoverWidget.background': surface,
      'editorWidget.background': surface,
      'editorSuggestWidget.background': surface,
      'menu.background': surface,
      'quickInput.background': surface,
      'input.background': `${text}11`,
      focusBorder: accent,
      highlight: accent,
      'highlighted.label': accent,
      'textLink.foreground': accent,
      'textLink.activeForeground': accent,
      'editorLink.activeForeground': accent,
      'editorWidget.resizeBorder': accent,
      'pickerGroup.foreground': accent,
      'list.highlightForeground': accent,
      'list.focusHighlightForeground': accent,
      'list.hoverBackground': chosen,
      'toolbar.hoverBackground': chosen,
      'inputOption.hoverBackground': chosen,
      'editorSuggestWidget.selectedBackground': chosen,
      'editorSuggestWidget.selectedForeground': text,
      'quickInputList.focusBackground': chosen,
      'quickInputList.focusForeground': text,
      'menu.selectionBackground': chosen,
      'menu.selectionForeground': text,
    },
  };
}

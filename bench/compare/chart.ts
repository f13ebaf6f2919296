/** A set of bars with one scale. */
export interface Panel {
  readonly name: string;
  readonly bars: readonly Bar[];
}

export interface Bar {
  readonly label: string;
  readonly isOurs: boolean;
  readonly isFlushed: boolean;
  /** Nothing is drawn for what was not measured, or has no end. */
  readonly value: number | undefined;
  readonly text: string;
}

const WIDTH = 920;
const LABELS = 270;
const TEXTS = 90;
const LONGEST = WIDTH - LABELS - TEXTS;
const ROW = 20;
const BAR = 13;
const HEAD = 44;
const TITLE = 64;

/** Colours for light and for dark backgrounds: of text, of what is less important, of bars. */
const STYLE = `
text { font: 12px system-ui, sans-serif; fill: #1f2328 }
.title { font-size: 16px; font-weight: 600 }
.name { font-size: 13px; font-weight: 600 }
.note { fill: #59636e }
.bar { fill: #8c959f }
.ours { fill: #0969da }
.unflushed { opacity: 0.5 }
@media (prefers-color-scheme: dark) {
  text { fill: #f0f6fc }
  .note { fill: #9198a1 }
  .bar { fill: #7d8590 }
  .ours { fill: #4493f8 }
}`;

const NOTE = 'Full colour: flushed to the disk before the acknowledgement. Pale: not. Blue: ours.';

/** Panels of horizontal bars below each other as an SVG, readable in light and dark. */
export function chart(title: string, panels: readonly Panel[]): string {
  let top = TITLE;
  const parts = panels.map((panel) => {
    const part = drawPanel(panel, top);
    top += HEAD + panel.bars.length * ROW;
    return part;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${top + 16}" width="${WIDTH}" role="img">`,
    `<title>${escape(title)}</title>`,
    `<style>${STYLE}\n</style>`,
    text('title', 0, 24, title),
    text('note', 0, 46, NOTE),
    ...parts,
    '</svg>\n',
  ].join('\n');
}

function drawPanel({ name, bars }: Panel, top: number): string {
  const longest = Math.max(...bars.map(({ value }) => drawable(value)));
  const lines = bars.map((bar, at) => drawBar(bar, top + HEAD - 10 + at * ROW, longest));
  return [text('name', 0, top + 22, name), ...lines].join('\n');
}

function drawBar(bar: Bar, top: number, longest: number): string {
  const length = longest === 0 ? 0 : (drawable(bar.value) / longest) * LONGEST;
  const kind = ['bar', bar.isOurs && 'ours', !bar.isFlushed && 'unflushed'].filter(Boolean).join(' ');
  return [
    text(bar.isOurs ? 'own' : 'note', 0, top + 11, bar.label),
    `<rect class="${kind}" x="${LABELS}" y="${top}" width="${length.toFixed(1)}" height="${BAR}" rx="2"/>`,
    text('value', LABELS + length + 6, top + 11, bar.text),
  ].join('\n');
}

const drawable = (value: number | undefined): number => (Number.isFinite(value) ? value! : 0);

function text(kind: string, x: number, y: number, content: string): string {
  return `<text class="${kind}" x="${x.toFixed(0)}" y="${y}">${escape(content)}</text>`;
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

function escape(content: string): string {
  return content.replaceAll(/[&<>"]/g, (character) => ENTITIES[character]!);
}

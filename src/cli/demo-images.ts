import { loadOptionalPackages } from '../sandbox/optional-packages.ts'

export type DemoImage = {
  fileName: string
  bytes: Buffer
  extensions: readonly { name: string; [option: string]: unknown }[]
  /** The upload's `tags`; those that start with `sandbox:` select what the sandbox does. */
  tags: readonly string[]
  /** The expected final status of each extension. */
  expected: { readonly [extension: string]: 'success' | 'failed' }
}

const TAGGER_OPTIONS = { minConfidence: 60, maxTags: 5 }

/** Renders three real image files, each with its extensions and their expected statuses. Throws if an optional package is missing. */
export async function createDemoImages(): Promise<DemoImage[]> {
  const { sharp } = await loadOptionalPackages()
  const [shirt, landscape, mug] = await Promise.all([
    sharp(Buffer.from(T_SHIRT)).png().toBuffer(),
    sharp(Buffer.from(LANDSCAPE)).jpeg({ quality: 88 }).toBuffer(),
    sharp(Buffer.from(MUG)).png().toBuffer(),
  ])
  return [
    {
      fileName: 't-shirt.png',
      bytes: shirt,
      extensions: [{ name: 'remove-bg' }, { name: 'aws-auto-tagging', ...TAGGER_OPTIONS }],
      tags: ['t-shirt', 'sandbox:delay=700'],
      expected: { 'remove-bg': 'success', 'aws-auto-tagging': 'success' },
    },
    {
      fileName: 'landscape.jpg',
      bytes: landscape,
      extensions: [{ name: 'google-auto-tagging', ...TAGGER_OPTIONS }, { name: 'ai-auto-description' }],
      tags: ['landscape', 'sandbox:delay=1200'],
      expected: { 'google-auto-tagging': 'success', 'ai-auto-description': 'success' },
    },
    {
      fileName: 'mug.png',
      bytes: mug,
      extensions: [{ name: 'remove-bg' }, { name: 'ai-auto-description' }],
      tags: ['mug', 'sandbox:delay=1700', 'sandbox:remove-bg=failed'],
      expected: { 'remove-bg': 'failed', 'ai-auto-description': 'success' },
    },
  ]
}

const T_SHIRT = `<svg xmlns="http://www.w3.org/2000/svg" width="800" height="800">
  <rect width="800" height="800" fill="#f4f1ea"/>
  <path d="M270 170 L130 270 L200 380 L260 340 L260 660 L540 660 L540 340 L600 380 L670 270 L530 170
           C500 230 300 230 270 170 Z" fill="#d8433b"/>
  <path d="M270 170 C300 230 500 230 530 170" fill="none" stroke="#9c2a24" stroke-width="14"/>
  <circle cx="400" cy="430" r="62" fill="#f2c14e"/>
</svg>`

const LANDSCAPE = `<svg xmlns="http://www.w3.org/2000/svg" width="1200" height="675">
  <defs><linearGradient id="sky" x1="0" y1="0" x2="0" y2="1">
    <stop offset="0" stop-color="#4f8fd9"/><stop offset="1" stop-color="#fbe3c0"/></linearGradient></defs>
  <rect width="1200" height="675" fill="url(#sky)"/>
  <circle cx="930" cy="170" r="66" fill="#fff3c4"/>
  <path d="M0 470 L250 220 L430 420 L640 180 L920 470 L1200 330 L1200 675 L0 675 Z" fill="#5b6f8f"/>
  <path d="M0 520 C300 440 520 560 800 500 S1120 470 1200 510 L1200 675 L0 675 Z" fill="#3f7d4e"/>
  <path d="M0 610 C400 560 700 640 1200 590 L1200 675 L0 675 Z" fill="#2c5f8a"/>
</svg>`

const MUG = `<svg xmlns="http://www.w3.org/2000/svg" width="700" height="600">
  <rect width="700" height="600" fill="#e6edf2"/>
  <path d="M470 220 h60 a70 70 0 0 1 0 180 h-60 v-50 h50 a28 28 0 0 0 0 -80 h-50 Z" fill="#2f6f73"/>
  <rect x="200" y="160" width="280" height="320" rx="26" fill="#2f6f73"/>
  <ellipse cx="340" cy="172" rx="130" ry="22" fill="#4a2c1a"/>
</svg>`

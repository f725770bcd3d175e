/** The start tag of an element, with unescaped attribute values. */
export type Tag = { name: string; attributes: { [name: string]: string } }

const TAG = /<([a-z][a-z0-9-]*)((?:\s+[^\s=>"'/]+(?:="[^"]*")?)*)\s*\/?>/gi
const ATTRIBUTE = /([^\s=>"'/]+)(?:="([^"]*)")?/g
const ENTITIES: { [entity: string]: string } = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" }

/** The start tags of one of our pages, which have all attribute values in double quotes. */
export function readTags(html: string): Tag[] {
  return [...html.matchAll(TAG)].map(([, name = '', rest = '']) => ({
    name: name.toLowerCase(),
    attributes: Object.fromEntries(
      [...rest.matchAll(ATTRIBUTE)].map(([, key = '', value = '']) => [key.toLowerCase(), unescape(value)]),
    ),
  }))
}

/** The text of a page from its `main` element on, with a space in place of each tag. Nothing visible follows `main`. */
export function readText(html: string): string {
  const [, body = ''] = html.split(/<main[^>]*>/)
  return unescape(body.replace(/<[^>]*>/g, ' ')).replace(/\s+/g, ' ')
}

/** The forms of a page, with their hidden fields. */
export function readForms(html: string): { action: string; method: string; fields: [string, string][] }[] {
  return html
    .split('<form')
    .slice(1)
    .map((part) => {
      const [form, ...inner] = readTags(`<form${part.split('</form>')[0] ?? ''}`)
      const inputs = inner.filter(
        ({ name, attributes }) => name === 'input' && attributes['type'] === 'hidden',
      )
      return {
        action: form?.attributes['action'] ?? '',
        method: form?.attributes['method'] ?? 'get',
        fields: inputs.map(({ attributes }) => [attributes['name'] ?? '', attributes['value'] ?? '']),
      }
    })
}

/** The `href` of each link of a page. */
export function readLinks(html: string): string[] {
  return readTags(html).flatMap(({ name, attributes }) => (name === 'a' ? (attributes['href'] ?? []) : []))
}

function unescape(text: string): string {
  return text.replace(/&(#?\w+);/g, (entity, name: string) => ENTITIES[name] ?? entity)
}

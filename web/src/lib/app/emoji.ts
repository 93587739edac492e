// Emoji that people reach for, each with words by which it is found, in the languages of the page. A choice, not the whole of Unicode: what
// is not in here can be typed with the system's own keyboard.

export type EmojiGroup = "faces" | "gestures" | "hearts" | "nature" | "food" | "activity" | "things" | "signs";

export interface Emoji {
  sign: string;
  words: string;
}

/** What is offered first for a reaction. */
export const QUICK = ["👍", "❤️", "😂", "😮", "😢", "🙏"] as const;

const SOURCE: Record<EmojiGroup, string> = {
  faces: `
😀 grin smile happy улыбка радость
😃 smile happy улыбка счастье
😄 laugh smile happy смех улыбка
😁 grin teeth ухмылка зубы
😆 laugh squint смех хохот
😅 sweat relief пот облегчение
😂 joy tears laugh смех слёзы ржу
🤣 rofl floor laugh смех катаюсь ржу
🙂 smile slight улыбка
🙃 upside down ирония вверх
😉 wink подмигивание
😊 blush smile румянец улыбка
😇 angel halo ангел нимб
🥰 love hearts любовь сердечки
😍 love eyes влюблён глаза
😘 kiss поцелуй
😋 yum tasty вкусно ням
😜 tongue wink язык шутка
🤪 crazy zany безумие
🤗 hug обнимаю
🤭 giggle oops хихикаю ой
🤫 quiet shush тихо тсс
🤔 think hmm думаю хм
🤨 eyebrow doubt сомнение бровь
😐 neutral нейтрально
😑 blank без выражения
😶 silent mute молчу
🙄 roll eyes закатываю глаза
😏 smirk ухмылка
😬 grimace awkward неловко
😌 relieved calm спокойствие
😔 sad pensive грусть
😴 sleep tired сон сплю
😷 mask ill маска болею
🤒 ill fever болею температура
🤯 mind blown взрыв мозга шок
😎 cool sunglasses круто очки
🤓 nerd умник очки
🥳 party celebrate праздник вечеринка
😕 confused растерян
😟 worried тревога
🙁 frown sad грусть
😮 wow surprise ого удивление
😲 astonished шок удивление
🥺 please puppy умоляю пожалуйста
😢 cry tear плачу слеза
😭 sob cry рыдаю плачу
😱 scream fear ужас крик
😖 confounded мучение
😞 disappointed разочарование
😤 huff triumph злюсь пар
😠 angry злость
😡 rage angry ярость злость
🤬 swear ругань мат
😈 devil дьявол
💀 skull dead череп умер
🤡 clown клоун
👻 ghost призрак
🤖 robot робот
💩 poo какашка`,
  gestures: `
👍 thumbs up yes good like да хорошо лайк палец
👎 thumbs down no bad нет плохо палец
👌 ok окей хорошо
✌️ victory peace победа мир
🤞 fingers crossed luck удача пальцы
🤙 call shaka позвони
👈 left влево
👉 right вправо
👆 up вверх
👇 down вниз
✋ hand stop рука стоп
👋 wave hello bye привет пока
🤝 handshake deal рукопожатие договор
👏 clap bravo аплодисменты браво
🙌 hooray praise ура
🙏 please thanks pray спасибо пожалуйста молюсь
💪 strong muscle сила
👀 eyes look глаза смотрю
🤷 shrug dunno не знаю
🤦 facepalm рукалицо
🙋 raise hand question вопрос рука
🫡 salute есть слушаюсь
🫶 heart hands сердце руки
🖖 spock vulcan вулкан`,
  hearts: `
❤️ heart love red сердце любовь
🧡 orange heart сердце
💛 yellow heart сердце
💚 green heart сердце
💙 blue heart сердце
💜 purple heart сердце
🖤 black heart сердце
🤍 white heart сердце
💔 broken heart разбитое сердце
💕 hearts love сердечки любовь
💖 sparkling heart сердце
🔥 fire hot lit огонь
✨ sparkles блёстки магия
⭐ star звезда
🌟 star glow звезда
💯 hundred perfect сто идеально
💥 boom explosion взрыв
💤 sleep zzz сон
💬 speech message сообщение речь`,
  nature: `
🐶 dog собака
🐱 cat кот кошка
🐭 mouse мышь
🐰 rabbit bunny кролик заяц
🦊 fox лиса
🐻 bear медведь
🐼 panda панда
🐸 frog лягушка
🐵 monkey обезьяна
🙈 see no evil monkey обезьяна стыд
🐔 chicken курица
🐧 penguin пингвин
🦄 unicorn единорог
🐝 bee пчела
🦋 butterfly бабочка
🐢 turtle slow черепаха медленно
🌹 rose flower роза цветок
🌸 blossom flower цветок сакура
🌻 sunflower подсолнух
🌲 tree дерево ёлка
🍀 clover luck клевер удача
☀️ sun солнце
🌙 moon night луна ночь
☁️ cloud облако
🌧️ rain дождь
❄️ snow cold снег холод
🌈 rainbow радуга
🌊 wave sea волна море`,
  food: `
🍎 apple яблоко
🍌 banana банан
🍓 strawberry клубника
🍒 cherry вишня
🍋 lemon лимон
🍉 watermelon арбуз
🥑 avocado авокадо
🍞 bread хлеб
🧀 cheese сыр
🍕 pizza пицца
🍔 burger бургер
🍟 fries картошка
🍝 pasta паста
🍣 sushi суши
🍰 cake торт
🎂 birthday cake день рождения торт
🍫 chocolate шоколад
🍿 popcorn попкорн
☕ coffee tea кофе чай
🍵 tea чай
🍺 beer пиво
🍷 wine вино
🥂 cheers champagne за нас шампанское`,
  activity: `
🎉 party tada congratulations праздник ура поздравляю
🎁 gift present подарок
🎈 balloon шарик
🏆 trophy win кубок победа
🥇 gold medal first золото медаль
⚽ football soccer футбол мяч
🏀 basketball баскетбол
🎾 tennis теннис
🏃 run бег бегу
🚴 bike велосипед
🏊 swim плавание
🎮 game игра
🎲 dice кости игра
♟️ chess шахматы
🎵 music note музыка
🎸 guitar гитара
🎬 film movie кино фильм
📷 photo camera фото
✈️ plane travel самолёт путешествие
🚗 car машина
🚀 rocket launch ракета запуск
🏠 home house дом
🏖️ beach пляж отпуск
⛰️ mountain гора`,
  things: `
📱 phone телефон
💻 laptop computer ноутбук компьютер
💡 idea bulb идея лампа
🔑 key ключ
🔒 lock замок
🔔 bell колокольчик
📌 pin булавка
📎 clip скрепка
📝 note write заметка запись
📅 calendar date календарь дата
📈 chart up график рост
📉 chart down график падение
💰 money деньги
🔧 wrench tool ключ инструмент
🐛 bug баг жук
⏰ alarm clock будильник время
⌛ hourglass wait ждать песочные часы
📦 box package коробка посылка
🛒 cart shopping покупки
👑 crown корона`,
  signs: `
✅ check done yes галочка готово да
❌ cross no нет крест
❓ question вопрос
❗ exclamation важно
⚠️ warning внимание осторожно
🚫 forbidden no нельзя запрет
➕ plus плюс
➖ minus минус
🔴 red красный
🟢 green зелёный
🔵 blue синий
🟡 yellow жёлтый
🆗 ok окей
🆘 sos help помощь
♻️ recycle переработка
🏁 finish flag финиш
🏳️‍🌈 rainbow flag радуга флаг`,
};

export const EMOJI = Object.entries(SOURCE).map(([group, lines]) => ({
  group: group as EmojiGroup,
  emoji: lines.trim().split("\n").map(parsed),
}));

/** Those that fit all words, or beginnings of words, that somebody typed; those first of which a word is just that. */
export function findEmoji(query: string): Emoji[] {
  const wanted = folded(query).split(/\s+/).filter(Boolean);
  if (wanted.length === 0) return [];
  const all = EMOJI.flatMap(({ emoji }) => emoji);
  const fits = ({ sign, words }: Emoji) =>
    sign === query.trim() || wanted.every((word) => ` ${folded(words)}`.includes(` ${word}`));
  const isExact = ({ words }: Emoji) => wanted.every((word) => folded(words).split(" ").includes(word));
  return all.filter(fits).sort((one, other) => Number(isExact(other)) - Number(isExact(one)));
}

function parsed(line: string): Emoji {
  const [sign = "", ...words] = line.split(" ");
  return { sign, words: words.join(" ") };
}

function folded(text: string): string {
  return text.toLowerCase().replaceAll("ё", "е");
}

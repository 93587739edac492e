//! What the help of the full screen says of the keys.

macro_rules! keys {
    ($($others:tt)*) => { catalogue! { $($others)*
    HelpTitle => "Keys", "Клавиши";
    HelpEverywhere => "Everywhere", "Везде";
    HelpInList => "In the list of chats", "В списке чатов";
    HelpInTimeline => "Among the messages", "Среди сообщений";
    HelpInComposer => "While writing", "Когда пишете";
    HelpMouse => "With the mouse", "Мышью";
    HelpHelp => "this help", "эта справка";
    HelpFocus => "from part to part: chats, messages, writing", "между частями: чаты, сообщения, ввод";
    HelpNextChat => "next chat, previous chat", "следующий и предыдущий чат";
    HelpMembers => "about this chat: members, roles, title, mute", "об этом чате: участники, роли, название, звук";
    HelpSearch => "search", "поиск";
    HelpDevices => "your devices", "ваши устройства";
    HelpSettings => "name, language, colours", "имя, язык, цвета";
    HelpNew => "begin a chat, make a group", "начать чат, создать группу";
    HelpBack => "back", "назад";
    HelpQuit => "leave", "выйти";
    HelpOpen => "open a chat", "открыть чат";
    HelpArrange => "pin, mute, archive", "закрепить, без звука, в архив";
    HelpArchive => "archive and back", "архив и обратно";
    HelpRequest => "a request: accept, decline, block", "запрос: принять, отклонить, заблокировать";
    HelpSearchQuit => "search, leave", "поиск, выйти";
    HelpChoose => "choose a message; further up is earlier", "выбрать сообщение; выше — раньше";
    HelpEnds => "to the top, to the newest", "в начало, к новому";
    HelpReply => "answer", "ответить";
    HelpEditDelete => "change, delete", "изменить, удалить";
    HelpReact => "react", "реакция";
    HelpQuoted => "go to what is quoted, or answer", "к цитате или ответить";
    HelpUnsend => "take back what waits to be sent", "забрать то, что ждёт отправки";
    HelpAttach => "attach a file", "прикрепить файл";
    HelpPick => "go to a chat by its name", "перейти в чат по названию";
    HelpForward => "forward", "переслать";
    HelpSaveIn => "fetch the files, into a folder that you name", "загрузить файлы в названную папку";
    HelpHalt => "halt files on their way, or let them go on", "приостановить или продолжить передачу файлов";
    HelpSignIn => "sign in again, when the session was ended", "войти снова, если сеанс завершён";
    HelpSave => "fetch the files", "загрузить файлы";
    HelpSend => "send", "отправить";
    HelpNewLine => "a new line", "новая строка";
    HelpScroll => "to the messages, scroll", "к сообщениям, прокрутка";
    HelpErase => "erase a word, erase the line", "стереть слово, стереть строку";
    HelpClick => "click on a chat, a message, the title, the bottom line", "щелчок по чату, сообщению, названию, нижней строке";
    HelpWheel => "the wheel scrolls; Shift selects text as usual", "колесо прокручивает; Shift выделяет текст как обычно";
    } };
}

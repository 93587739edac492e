//! What is said at the door: signing in and registering on the full screen.

macro_rules! entrance {
    ($($others:tt)*) => { catalogue! { $($others)*
    DoorTitle => "Welcome to Sotto", "Добро пожаловать в Sotto";
    DoorSignIn => "Sign in", "Войти";
    DoorRegister => "Make an account", "Создать учётную запись";
    DoorRecover => "Come back by recovery words", "Вернуться по словам восстановления";
    DoorLeave => "Leave", "Выйти";
    DoorKeys => "↑ ↓ · Enter · Ctrl+Q leaves", "↑ ↓ · Enter · Ctrl+Q — выход";
    FormKeys => "Tab or ↑ ↓ · Enter goes on · Esc back", "Tab или ↑ ↓ · Enter — дальше · Esc — назад";
    FieldServer => "Server", "Сервер";
    FieldUser => "User name", "Имя пользователя";
    FieldLogin => "Name or e-mail", "Имя или e-mail";
    FieldEmail => "E-mail, if you like", "E-mail, по желанию";
    FieldPassword => "Password", "Пароль";
    FieldNewPassword => "New password", "Новый пароль";
    FieldAgain => "Once more", "Ещё раз";
    FieldWords => "Recovery words", "Слова восстановления";
    FieldPassphrase => "Passphrase", "Кодовая фраза";
    DoorBusy => "One moment …", "Один момент…";
    DoorPassphrase =>
        "This machine has no keyring for the key of what is stored here. Choose a passphrase; it is asked for at each start.",
        "На этой машине нет хранилища для ключа от сохранённого. Придумайте кодовую фразу; она понадобится при каждом запуске.";
    DoorCode => "Code of the second factor", "Код второго фактора";
    DoorCodeHint =>
        "Six digits of the authenticator, or one of the backup codes.",
        "Шесть цифр из приложения или один из запасных кодов.";
    WordsTitle => "Your recovery words", "Ваши слова восстановления";
    WordsHint =>
        "Write these words down and keep them safe. They are shown once, and are the way back in without the password.",
        "Запишите эти слова и храните их в надёжном месте. Они показываются один раз и вернут доступ без пароля.";
    WordsKeys => "Enter: I have written them down", "Enter: слова записаны";
    WordsBackTitle => "To be sure", "Для верности";
    WordsBackHint => "Type these of your words.", "Введите эти слова.";
    WordNumber { number } => "Word {number}", "Слово {number}";
    WordsBackWrong => "That is not the same. Esc shows the words again.", "Не совпадает. Esc снова покажет слова.";
    WordsBackKeys => "Enter goes on · Esc shows the words again", "Enter — дальше · Esc снова покажет слова";
    } };
}

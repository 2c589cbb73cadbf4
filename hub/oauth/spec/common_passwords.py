"""Passwords and stems that guessers try first, in lower case.

A password is compared whole, with look-alike signs turned into letters, and without the digits and signs at its end,
so `Passw0rd!2024` is found by `password`.
"""

_LISTED = """
    password passwords passwort motdepasse contrasena contraseña senha wachtwoord haslo parola lozinka salasana
    losenord 12345678 123456789 1234567890 12345678910 87654321 987654321 11111111 00000000 123123123 123454321
    112233445566 11223344 1q2w3e4r 1q2w3e4r5t 1qaz2wsx 1qaz2wsx3edc q1w2e3r4 q1w2e3r4t5 zaq12wsx qazwsxedc zxcvbnm
    asdfghjkl qwertyuiop qwerty qwertz azerty asdfgh asdfasdf qweasd qweasdzxc qwerasdf qwer1234 asdf1234 abcd1234
    abc12345 a1b2c3d4 aa123456 123qweasd 123456qwerty qwerty123 qwerty12345 abcdefgh abcdefg abcdef abc123 iloveyou
    iloveyou2 princess sunshine football baseball basketball superman batman spiderman pokemon starwars welcome
    welcometo welcomehome letmein letmeinnow trustno1 trustnoone whatever dragon monkey shadow master mustang michael
    jennifer jordan jessica charlie thomas robert matthew daniel andrew joshua ashley nicole hannah amanda samantha
    michelle computer internet access accessme administrator admin adminadmin root rootroot toor guest guestguest
    default changeme changeit changethis temp temporary temppass testtest testing tester test user username userpass
    secret topsecret secretword server system service support manager security pass passpass passw0rd pass1234
    password1 password12 password123 mypassword newpassword oldpassword thepassword yourpassword nopassword login
    loginlogin signin company office business finance marketing sales student students teacher teachers school college
    university learning elearning course courses training trainer education educate classroom lesson lessons learner
    standards standardshub scorm xapi moodle canvas blackboard brightspace sakai spring summer autumn winter january
    february march april august september october november december monday tuesday wednesday thursday friday saturday
    sunday weekend holiday christmas birthday freedom forever friends chocolate cookie butterfly flower flowers
    rainbow diamond crystal silver golden purple orange yellow banana apple cheese pepper ginger cherry strawberry
    blueberry peanut pumpkin snoopy garfield mickey minnie tigger hello hellohello helloworld hello123 goodbye morning
    midnight lovely lovelove iloveme loveyou loveme sweetheart babygirl babyboy angel angels beautiful handsome cutie
    lucky maverick phoenix hunter ranger killer ninja samurai warrior soldier general captain marine eagle falcon
    panther tiger lion wolf dolphin horse puppy kitten doggie fluffy arsenal liverpool chelsea manchester barcelona
    realmadrid juventus bayern dortmund yankees cowboys steelers lakers ferrari porsche mercedes corvette camaro
    harley yamaha honda toyota google facebook twitter instagram linkedin microsoft windows linux ubuntu android
    iphone samsung nintendo playstation xbox minecraft fortnite runescape matrix gandalf hobbit hogwarts harrypotter
    skywalker jedi naruto zelda mario pikachu london paris berlin madrid newyork chicago boston austin dallas denver
    houston california florida america england germany deutschland france australia canada india brasil mexico
    metallica nirvana beatles elvis eminem blink182 greenday slipknot jesus jesuschrist godisgood blessed heaven faith
    fuckyou fuckoff asshole bitch badboy sexy correcthorsebatterystaple opensesame letmepass openup
"""

COMMON_PASSWORDS = frozenset(_LISTED.split())

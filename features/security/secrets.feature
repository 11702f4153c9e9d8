Feature: Secrets stay secret
  A test harness sees every card, PIN and key of its world. Whatever it shows, prints, stores or reports must hold none of
  them, or the harness is the leak.

  Background:
    Given till "T1" of "Noodle House" has signed in

  @SEC-006
  Scenario: A good sale leaves no PIN, track or card number behind
    When Alice swipes 10.00 CNY at "T1" and enters her PIN
    Then "T1" shows APPROVED
    And no output holds Alice's PIN, track or card number
    And no output holds a key of "T1"

  @SEC-006
  Scenario: A typed card number is no less secret than a swiped one
    When the cashier keys in Bob's card for 10.00 CNY at "T1"
    Then "T1" shows APPROVED
    And no output holds Bob's PIN, track or card number

  @SEC-006
  Scenario Outline: Nor when things go wrong: the line <fault>
    Given the line <fault>
    When Alice swipes 10.00 CNY at "T1" and enters her PIN
    Then "T1" shows <screen>
    And no output holds Alice's PIN, track or card number
    And no output holds a key of "T1"

    Examples:
      | fault                                              | screen        |
      | breaks in the middle of the 1st sale               | LINE_CUT      |
      | breaks in the middle of the answer to the 1st sale | LINE_CUT      |
      | changes track_2 of the 1st sale to "6200"          | SIGN_IN_AGAIN |

  @SEC-006
  Scenario: A message that the host refuses shows nothing of the card
    When "T1" is made to send a sale with currency "XYZ"
    Then no output holds Bob's PIN, track or card number

  @SEC-007
  Scenario: The slip shows six and four digits of the card and no more
    When Alice swipes 10.00 CNY at "T1" and enters her PIN
    Then "T1" shows APPROVED
    And the merchant copy of "T1" has
      | line      | value            |
      | SLIP_CARD | 620012******8862 |
    And the customer copy of "T1" has
      | line      | value            |
      | SLIP_CARD | 620012******8862 |
    And no output holds Alice's PIN, track or card number

  @SEC-008 @unionpay
  Scenario Outline: Under key scheme <scheme> the track crosses the line encrypted
    Given till "T2" of "Noodle House" has not signed in
    And "T2" uses key scheme "<scheme>"
    And the cashier has tried to sign in at "T2"
    When Bob swipes 10.00 CNY at "T2"
    Then "T2" shows APPROVED
    And the 1st sale carries
      | field            | value     |
      | track_2          | *         |
      | security_control | <control> |
    And no message carries Bob's track in the clear
    And Bob's card holds 4990.00 CNY

    Examples:
      | scheme | control          |
      | 004    | 0610000000000000 |
      | 006    | 0310000000000000 |

  @SEC-008
  Scenario: No PIN crosses the line in the clear
    When Alice swipes 10.00 CNY at "T1" and enters her PIN
    Then "T1" shows APPROVED
    And no message carries Alice's PIN in the clear

  @SEC-009
  Scenario: A card number beside somebody else's track charges neither
    When "T1" is made to send a sale with Alice's card number and Bob's stripe
    Then these messages went over the wire
      | from | message     | code |
      | T1   | sale        |      |
      | host | sale answer | 14   |
    And Alice's card holds 1000.00 CNY
    And Bob's card holds 5000.00 CNY

Feature: PINs
  Three guesses, no more; and whoever remembers in time starts afresh. A host that does not count gives the card to
  anybody with patience.

  Background:
    Given till "T1" of "Noodle House" has signed in

  @SWP-014
  Scenario: A wrong PIN moves no money and may be corrected
    When Alice swipes 10.00 CNY at "T1" and enters a wrong PIN
    And Alice swipes 10.00 CNY at "T1" and enters her PIN
    Then "T1" shows WRONG_PIN
    And "T1" shows APPROVED
    And these messages went over the wire
      | from | message     | trace | code |
      | T1   | sale        | 2     |      |
      | host | sale answer | 2     | 55   |
      | T1   | sale        | 3     |      |
      | host | sale answer | 3     | 00   |
    And the host has the 1st sale as declined
    And the host has the 2nd sale as approved
    And Alice's card holds 990.00 CNY

  @SWP-014 @host-control
  Scenario: The second wrong PIN leaves one more try
    Given Alice has entered a wrong PIN 1 time
    When Alice swipes 10.00 CNY at "T1" and enters a wrong PIN
    And Alice swipes 10.00 CNY at "T1" and enters her PIN
    Then "T1" shows WRONG_PIN
    And "T1" shows APPROVED
    And Alice's card holds 990.00 CNY

  @SWP-014 @host-control
  Scenario: The third wrong PIN closes the card
    Given Alice has entered a wrong PIN 2 times
    When Alice swipes 10.00 CNY at "T1" and enters a wrong PIN
    Then "T1" shows PIN_TRIES_EXCEEDED
    And the answer to the 1st sale carries
      | field | value |
      | code  | 75    |
    And Alice's card holds 1000.00 CNY

  @SWP-014 @host-control
  Scenario: After three wrong PINs the right one does not help
    Given Alice has entered a wrong PIN 3 times
    When Alice swipes 10.00 CNY at "T1" and enters her PIN
    Then "T1" shows PIN_TRIES_EXCEEDED
    And the host has the 1st sale as declined
    And Alice's card holds 1000.00 CNY

  @SWP-014 @host-control
  Scenario: Some banks want the card kept after the third wrong PIN
    Given Lena has entered a wrong PIN 2 times
    When Lena swipes 10.00 CNY at "T1" and enters a wrong PIN
    Then "T1" shows PIN_TRIES_KEEP_CARD
    And the answer to the 1st sale carries
      | field | value |
      | code  | 38    |

  @SWP-015 @host-control
  Scenario: The right PIN in time starts the count afresh
    Given Alice has entered a wrong PIN 2 times
    And Alice has paid 10.00 CNY at "T1"
    When Alice swipes 20.00 CNY at "T1" and enters a wrong PIN
    Then "T1" shows WRONG_PIN
    And the answer to the 2nd sale carries
      | field | value |
      | code  | 55    |

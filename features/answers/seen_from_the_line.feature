Feature: What the till makes of an answer, as the line shows it
  Of a host somewhere else nobody sees the books, and nobody can tell it what to answer. Most test hosts decline certain amounts or certain
  cards, though: the profile names them as outcomes, and the till is held to each.

  Background:
    Given till "T1" of "Noodle House" has signed in

  @SWP-022 @host-control
  Scenario Outline: <code> is shown as <screen>, and nothing is printed
    Given the host answers the 1st sale with "<code>"
    When Bob swipes 10.00 CNY at "T1"
    Then "T1" shows <screen>
    And these messages went over the wire
      | from | message     | trace | code   |
      | T1   | sale        | 2     |        |
      | host | sale answer | 2     | <code> |
    And "T1" prints no receipts
    And "T1" has the 1st sale as declined

    Examples:
      | code | screen             |
      | 05   | CALL_ISSUER        |
      | 51   | INSUFFICIENT_FUNDS |
      | 57   | CARD_NOT_PERMITTED |
      | 61   | AMOUNT_LIMIT       |
      | 91   | ISSUER_UNAVAILABLE |
      | 96   | SYSTEM_MALFUNCTION |

  @SWP-022 @host-control
  Scenario: A decline is no hindrance to the next payment
    Given the host answers the 1st sale with "51"
    When Bob swipes 10.00 CNY at "T1"
    And Bob swipes 10.00 CNY at "T1"
    Then "T1" shows INSUFFICIENT_FUNDS
    And "T1" shows APPROVED
    And these messages went over the wire
      | from | message     | trace | code |
      | T1   | sale        | 2     |      |
      | host | sale answer | 2     | 51   |
      | T1   | sale        | 3     |      |
      | host | sale answer | 3     | 00   |

  @ANS-004 @host-control
  Scenario: A card that the host wants back is kept, and a slip goes with it
    Given the host answers the 1st sale with "41"
    When Bob swipes 10.00 CNY at "T1"
    Then "T1" shows KEEP_CARD
    And the answer to the 1st sale carries
      | field | value |
      | code  | 41    |
    And "T1" prints 1 receipt
    And "T1" has the 1st sale as declined

Feature: What the till does about an answer
  A code is not only words: some want the PIN once more, some the card, some a sign-in. A till that leaves all of it to the
  cashier loses customers at the counter.

  Background:
    Given till "T1" of "Noodle House" has signed in

  @ANS-001
  Scenario: A wrong PIN is corrected without a second swipe, under a number of its own
    When Alice swipes 10.00 CNY at "T1" and enters a wrong PIN, then the right one
    Then "T1" shows WRONG_PIN
    And "T1" shows APPROVED
    And these messages went over the wire
      | from | message     | trace | code |
      | T1   | sale        | 2     |      |
      | host | sale answer | 2     | 55   |
      | T1   | sale        | 3     |      |
      | host | sale answer | 3     | 00   |
    And "T1" has the 1st sale as declined
    And "T1" has the 2nd sale as approved
    And "T1" prints 2 receipts

  @ANS-001 @host-control
  Scenario: A deposit gets another try as well
    Given the host answers the 1st pre-auth with "55"
    When Alice leaves a deposit of 500.00 CNY at "T1"
    Then "T1" shows WRONG_PIN
    And "T1" is waiting for the PIN
    And "T1" has the 1st pre-auth as declined
    And Alice's card holds 1000.00 CNY

  @ANS-001 @host-control
  Scenario: A card that wanted no PIN is asked for one when its issuer does
    Given the host answers the 1st sale with "55"
    When Bob swipes 10.00 CNY at "T1"
    Then "T1" shows WRONG_PIN
    And "T1" is waiting for the PIN

  @ANS-002 @host-control
  Scenario: Three wrong PINs are enough, whatever the host says
    Given the host answers every sale with "55"
    When Alice swipes 10.00 CNY at "T1" and enters only wrong PINs
    Then "T1" shows WRONG_PIN
    And "T1" is ready
    And these messages went over the wire
      | from | message     | trace | code |
      | T1   | sale        | 2     |      |
      | host | sale answer | 2     | 55   |
      | T1   | sale        | 3     |      |
      | host | sale answer | 3     | 55   |
      | T1   | sale        | 4     |      |
      | host | sale answer | 4     | 55   |

  @ANS-003 @host-control
  Scenario: What the host wants once more it gets once more
    Given the host answers the 1st sale with "19"
    When Bob swipes 10.00 CNY at "T1"
    Then "T1" shows TRY_ONCE_MORE
    And "T1" shows APPROVED
    And "T1" has the 1st sale as declined
    And "T1" has the 2nd sale as approved
    And Bob's card holds 4990.00 CNY

  @ANS-003 @host-control
  Scenario: And not a third time
    Given the host answers every sale with "19"
    When Bob swipes 10.00 CNY at "T1"
    Then "T1" shows TRY_ONCE_MORE
    And "T1" is ready
    And these messages went over the wire
      | from | message     | trace | code |
      | T1   | sale        | 2     |      |
      | host | sale answer | 2     | 19   |
      | T1   | sale        | 3     |      |
      | host | sale answer | 3     | 19   |
    And Bob's card holds 5000.00 CNY

  @ANS-004
  Scenario: A card that is to be kept goes with a slip
    When Dave swipes 10.00 CNY at "T1"
    Then "T1" shows KEEP_CARD
    And "T1" prints 1 receipt
    And the merchant copy of "T1" has
      | line           | value            |
      | SLIP_CARD_KEPT | *                |
      | SLIP_CARD      | 620012******3573 |
      | SLIP_ANSWER    | 41               |

  @ANS-004 @host-control
  Scenario: So does one whose balance was asked for
    Given the host answers the 1st balance with "04"
    When Alice asks for the balance at "T1"
    Then "T1" shows KEEP_CARD
    And "T1" prints 1 receipt

  @ANS-005 @host-control
  Scenario Outline: After <code> the next sale begins with a sign-in, and nobody need press a key
    Given the host answers the 1st sale with "<code>"
    When Bob swipes 10.00 CNY at "T1"
    And Bob swipes 10.00 CNY at "T1"
    Then "T1" shows SIGN_IN_AGAIN
    And "T1" shows APPROVED
    And these messages went over the wire
      | from | message        | trace | code   |
      | T1   | sale           | 2     |        |
      | host | sale answer    | 2     | <code> |
      | T1   | sign-in        | 3     |        |
      | host | sign-in answer | 3     | 00     |
      | T1   | sale           | 4     |        |
      | host | sale answer    | 4     | 00     |
    And Bob's card holds 4990.00 CNY

    Examples:
      | code |
      | 77   |
      | 99   |
      | A0   |

  @ANS-006 @host-control
  Scenario: A deposit whose answer came too late to mean anything is taken back
    Given the host answers the 1st pre-auth with "68"
    When Alice leaves a deposit of 500.00 CNY at "T1"
    Then "T1" shows ANSWER_TOO_LATE
    And "T1" has the 1st pre-auth as reversed
    And Alice's card holds 1000.00 CNY

  @ANS-006 @host-control
  Scenario: So is a void, and the sale stands
    Given Bob has paid 10.00 CNY at "T1"
    And the host answers the 1st void with "68"
    When Bob has the 1st sale voided at "T1"
    Then "T1" shows ANSWER_TOO_LATE
    And "T1" has the 1st void as reversed
    And Bob's card holds 4990.00 CNY

  @ANS-007 @host-control
  Scenario Outline: A void that is answered <code> leaves the sale, and may be tried again
    Given Bob has paid 10.00 CNY at "T1"
    And the host answers the 1st void with "<code>"
    When Bob has the 1st sale voided at "T1"
    Then "T1" shows <screen>
    And "T1" has the 1st void as declined
    And "T1" has the 1st sale as approved
    And Bob's card holds 4990.00 CNY

    Examples:
      | code | screen              |
      | 12   | INVALID_TRANSACTION |
      | 25   | ORIGINAL_NOT_FOUND  |
      | 64   | AMOUNT_DIFFERS      |
      | 91   | ISSUER_UNAVAILABLE  |
      | 96   | SYSTEM_MALFUNCTION  |

  @ANS-008 @host-control
  Scenario Outline: What the host cannot do now (<code>) the till leaves alone
    Given the host answers the 1st sale with "<code>"
    When Bob swipes 10.00 CNY at "T1"
    Then "T1" shows <screen>
    And "T1" is ready
    And these messages went over the wire
      | from | message     | code   |
      | T1   | sale        |        |
      | host | sale answer | <code> |

    Examples:
      | code | screen             |
      | 06   | RETRY_LATER        |
      | 09   | RETRY_LATER        |
      | 13   | INVALID_AMOUNT     |
      | 90   | CUT_OVER           |
      | 91   | ISSUER_UNAVAILABLE |
      | 98   | ISSUER_NO_ANSWER   |

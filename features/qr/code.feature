Feature: A phone that shows its code
  The customer holds up a phone instead of a card. Its code stands for an account that the till and its host never learn of, pays once,
  and is worthless a minute later.

  Background:
    Given till "T1" of "Noodle House" has signed in

  @QRP-001 @host-control
  Scenario: The code pays and no card is named
    When Alice shows her phone for 10.00 CNY at "T1"
    Then "T1" shows APPROVED
    And these messages went over the wire
      | from | message     | amount       | code |
      | T1   | sale        | 000000001000 |      |
      | host | sale answer | 000000001000 | 00   |
    And the 1st sale carries the code of Alice's phone and no card
    And the 1st sale carries
      | field      | value |
      | entry_mode | 032   |
    And "T1" prints 2 receipts
    And Alice's card holds 990.00 CNY
    And "Noodle House" is owed 10.00 CNY

  @QRP-001 @host-control
  Scenario: Each payment shows another code
    When Alice shows her phone for 10.00 CNY at "T1"
    And Alice shows her phone for 20.00 CNY at "T1"
    Then "T1" shows APPROVED
    And the 2nd sale carries the code of Alice's phone and no card
    And Alice's card holds 970.00 CNY

  @QRP-001 @host-control
  Scenario: More than the account holds is declined, and the next code pays less
    When Alice shows her phone for 1000.01 CNY at "T1"
    And Alice shows her phone for 1000.00 CNY at "T1"
    Then "T1" shows INSUFFICIENT_FUNDS
    And "T1" shows APPROVED
    And Alice's card holds 0.00 CNY

  @QRP-002 @host-control
  Scenario Outline: When <flaw> the till asks once more
    When Alice shows her phone for 10.00 CNY at "T1", but <flaw>
    Then "T1" shows SCAN_AGAIN
    And "T1" is waiting for the card
    And no message went to the host

    Examples:
      | flaw                       |
      | half of the code is hidden |
      | the screen is smeared      |
      | the screen is off          |

  @QRP-002 @host-control
  Scenario: The second look reads it
    When Alice shows her phone for 10.00 CNY at "T1", but half of the code is hidden
    And Alice shows her phone again at "T1"
    Then "T1" shows SCAN_AGAIN
    And "T1" shows APPROVED
    And Alice's card holds 990.00 CNY

  @QRP-002 @host-control
  Scenario: After the third look the sale is over
    When Alice shows her phone for 10.00 CNY at "T1", but the screen is off
    And Alice shows her phone again at "T1", but the screen is smeared
    And Alice shows her phone again at "T1", but the screen is off
    Then "T1" shows CODE_UNREADABLE
    And "T1" is ready
    And no message went to the host

  @QRP-003
  Scenario Outline: A <code> is none of UnionPay's
    When Alice shows a <code> for 10.00 CNY at "T1"
    Then "T1" shows WALLET_NOT_TAKEN
    And "T1" is ready
    And no message went to the host

    Examples:
      | code             |
      | WeChat code      |
      | Alipay code      |
      | digital RMB code |
      | web address      |

  @QRP-004 @host-control @clock
  Scenario Outline: The photograph of a code after <time> seconds
    Given somebody photographs Alice's code
    When <time> seconds pass
    And the photograph of Alice's code is shown for 10.00 CNY at "T1"
    Then "T1" shows <screen>
    And these messages went over the wire
      | from | message     | code   |
      | T1   | sale        |        |
      | host | sale answer | <code> |
    And Alice's card holds <left> CNY

    Examples:
      | time | screen       | code | left    |
      | 59   | APPROVED     | 00   | 990.00  |
      | 61   | CODE_EXPIRED | WE   | 1000.00 |

  @QRP-005 @host-control
  Scenario: The photograph of a code that has paid
    Given somebody photographs Alice's code
    And till "T2" of "Noodle House" has signed in
    When the photograph of Alice's code is shown for 10.00 CNY at "T1"
    And the photograph of Alice's code is shown for 10.00 CNY at "T2"
    Then "T1" shows APPROVED
    And "T2" shows CODE_USED
    And these messages went over the wire
      | from | message     | code |
      | T1   | sale        |      |
      | host | sale answer | 00   |
      | T2   | sale        |      |
      | host | sale answer | WC   |
    And Alice's card holds 990.00 CNY

  @QRP-005 @host-control @clock
  Scenario: Two tills scan it at once
    Given somebody photographs Alice's code
    And till "T2" of "Noodle House" has signed in
    When the photograph of Alice's code is shown for 10.00 CNY at "T1" and "T2" at once
    Then "T1" shows APPROVED
    And "T2" shows CODE_USED
    And Alice's card holds 990.00 CNY
    And "Noodle House" is owed 10.00 CNY

  @QRP-006 @host-control
  Scenario: A code that somebody has made up
    When Alice shows a UnionPay code that nobody gave for 10.00 CNY at "T1"
    Then "T1" shows INVALID_CARD
    And these messages went over the wire
      | from | message     | code |
      | T1   | sale        |      |
      | host | sale answer | 14   |
    And Alice's card holds 1000.00 CNY

  @QRP-009 @QRP-010 @host-control
  Scenario Outline: <who> has no card to pay with any more, and no phone either
    When <who> shows his phone for 10.00 CNY at "T1"
    Then "T1" shows RESTRICTED_CARD
    And "T1" does not show KEEP_CARD
    And "T1" prints no receipts
    And these messages went over the wire
      | from | message     | code |
      | T1   | sale        |      |
      | host | sale answer | 62   |
    And <who>'s card holds 1000.00 CNY

    Examples:
      | who   |
      | Dave  |
      | Grace |

  @QRP-010 @host-control
  Scenario Outline: Whatever the bank answers, here <code>, no phone is kept
    Given the host answers the 1st sale with "<code>"
    When Bob shows his phone for 10.00 CNY at "T1"
    Then "T1" shows RESTRICTED_CARD
    And "T1" does not show KEEP_CARD
    And "T1" prints no receipts
    And Bob's card holds 5000.00 CNY

    Examples:
      | code |
      | 04   |
      | 38   |
      | 43   |

  @QRP-022 @host-control
  Scenario: An old till takes the card that belongs to the phone
    Given "T1" has no scanner
    And the cashier has tried to sign in at "T1"
    When Alice shows her phone for 10.00 CNY at "T1"
    And Alice swipes again at "T1"
    Then "T1" shows NO_SCANNER
    And "T1" shows APPROVED
    And Alice's card holds 990.00 CNY

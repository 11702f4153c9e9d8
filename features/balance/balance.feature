Feature: Asking for the balance
  A question about money that moves none.

  Background:
    Given till "T1" of "Noodle House" has signed in

  @BAL-001 @host-control
  Scenario: The balance is told and nothing moves
    When Alice asks for the balance at "T1"
    Then "T1" shows BALANCE
    And "T1" prints no receipts
    And these messages went over the wire
      | from | message        | trace | code | balance |
      | T1   | balance        | 2     |      |         |
      | host | balance answer | 2     | 00   | *       |
    And Alice's card holds 1000.00 CNY
    And "Noodle House" is owed 0.00 CNY

  @BAL-001 @clock
  Scenario: A balance that is not told is not reversed
    Given the line loses the answer to the 1st balance
    When Alice asks for the balance at "T1"
    Then "T1" shows NO_ANSWER
    And these messages went over the wire
      | from | message        | trace | code | note |
      | T1   | balance        | 2     |      |      |
      | host | balance answer | 2     | 00   | lost |

  @BAL-002 @host-control
  Scenario: What a deposit holds may not be spent
    Given Alice's debit card holds 1000.00 CNY
    When Alice leaves a deposit of 400.00 CNY at "T1"
    And Alice asks for the balance at "T1"
    Then "T1" shows APPROVED
    And "T1" shows a balance of 600.00 CNY

  @BAL-004
  Scenario: The card's PIN is wanted though nothing is paid
    When Alice asks for the balance at "T1"
    Then "T1" shows ENTER_PIN
    And "T1" shows BALANCE
    And the 1st balance carries
      | field | value |
      | pin   | *     |

  @BAL-003 @host-control
  Scenario: A debt is shown as one
    Given Alice's debit card holds -50.00 CNY
    When Alice asks for the balance at "T1"
    Then "T1" shows a balance of -50.00 CNY

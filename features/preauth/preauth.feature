Feature: The deposit of hotels and rentals
  Money is held when the guest comes and taken when he leaves: what he used, not what was held.

  Background:
    Given till "T1" of "Noodle House" has signed in

  @PRE-001 @host-control
  Scenario: A deposit is held and not taken
    When Alice leaves a deposit of 500.00 CNY at "T1"
    Then "T1" shows APPROVED
    And these messages went over the wire
      | from | message         | trace | code |
      | T1   | pre-auth        | 2     |      |
      | host | pre-auth answer | 2     | 00   |
    And Alice's card holds 500.00 CNY
    And "Noodle House" is owed 0.00 CNY

  @PRE-002 @host-control
  Scenario: The completion takes what was used and frees the rest
    When Alice leaves a deposit of 500.00 CNY at "T1"
    And Alice has the 1st pre-auth completed with 480.00 CNY at "T1"
    Then "T1" shows APPROVED
    And Alice's card holds 520.00 CNY
    And "Noodle House" is owed 480.00 CNY

  @PRE-002 @host-control
  Scenario: More than the ceiling is refused
    When Alice leaves a deposit of 500.00 CNY at "T1"
    And Alice has the 1st pre-auth completed with 575.01 CNY at "T1"
    Then "T1" shows AMOUNT_DIFFERS
    And Alice's card holds 500.00 CNY
    And "Noodle House" is owed 0.00 CNY

  @PRE-002 @host-control
  Scenario: A deposit that is given back is free again
    When Alice leaves a deposit of 500.00 CNY at "T1"
    And Alice has the 1st pre-auth voided at "T1"
    Then "T1" shows APPROVED
    And Alice's card holds 1000.00 CNY
    And "Noodle House" is owed 0.00 CNY

  @PRE-003 @host-control
  Scenario: A deposit is given back whole or not at all
    Given Alice leaves a deposit of 500.00 CNY at "T1"
    When "T1" is made to send a pre-auth-void of the 1st pre-auth with amount "000000040000"
    Then the answer to the 1st pre-auth-void carries
      | field | value |
      | code  | 64    |
    And Alice's card holds 500.00 CNY

  @PRE-004 @host-control
  Scenario Outline: A completion <how>
    When Alice leaves a deposit of 100.00 CNY at "T1"
    And Alice has the 1st pre-auth completed with <amount> CNY at "T1"
    Then "T1" shows <screen>
    And Alice's card holds <left> CNY
    And "Noodle House" is owed <owed> CNY

    Examples:
      | how                    | amount | screen         | left   | owed   |
      | of all that was held   | 100.00 | APPROVED       | 900.00 | 100.00 |
      | at the ceiling         | 115.00 | APPROVED       | 885.00 | 115.00 |
      | a fen over the ceiling | 115.01 | AMOUNT_DIFFERS | 900.00 | 0.00   |

  @PRE-004 @host-control
  Scenario Outline: An advice of <amount> for a deposit of 100.00
    When Alice leaves a deposit of 100.00 CNY at "T1"
    And Alice has the 1st pre-auth completed with <amount> CNY at "T1" by advice
    Then "T1" shows <screen>
    And Alice's card holds <left> CNY
    And "Noodle House" is owed <owed> CNY

    Examples:
      | amount | screen         | left   | owed  |
      | 80.00  | APPROVED       | 920.00 | 80.00 |
      | 100.01 | AMOUNT_DIFFERS | 900.00 | 0.00  |

  @PRE-009 @host-control
  Scenario: An advice is taken though the money has gone
    Given Alice's debit card holds 100.00 CNY
    And Alice leaves a deposit of 50.00 CNY at "T1"
    And Alice pays 200.00 CNY offline at "T1" with code "654321"
    When Alice has the 1st pre-auth completed with 10.00 CNY at "T1" by advice
    Then "T1" shows APPROVED
    And the host has the 1st completion-advice as approved
    And Alice's card holds -110.00 CNY
    And "Noodle House" is owed 210.00 CNY

  @PRE-005 @host-control
  Scenario: A deposit is completed once
    When Alice leaves a deposit of 100.00 CNY at "T1"
    And Alice has the 1st pre-auth completed with 60.00 CNY at "T1"
    And Alice has the 1st pre-auth completed with 30.00 CNY at "T1" by advice
    Then "T1" shows APPROVED
    And "T1" shows ORIGINAL_NOT_FOUND
    And these messages went over the wire
      | from | message                  | trace | code |
      | T1   | pre-auth                 | 2     |      |
      | host | pre-auth answer          | 2     | 00   |
      | T1   | completion               | 3     |      |
      | host | completion answer        | 3     | 00   |
      | T1   | completion-advice        | 4     |      |
      | host | completion-advice answer | 4     | 25   |
    And Alice's card holds 940.00 CNY
    And "Noodle House" is owed 60.00 CNY

  @PRE-005 @host-control
  Scenario: What was given back is not completed
    When Alice leaves a deposit of 100.00 CNY at "T1"
    And Alice has the 1st pre-auth voided at "T1"
    And Alice has the 1st pre-auth completed with 60.00 CNY at "T1" by advice
    Then "T1" shows APPROVED
    And "T1" shows ORIGINAL_NOT_FOUND
    And Alice's card holds 1000.00 CNY
    And "Noodle House" is owed 0.00 CNY

  @PRE-006 @host-control
  Scenario: A completion is taken back, the deposit stands again and is completed anew
    When Alice leaves a deposit of 100.00 CNY at "T1"
    And Alice has the 1st pre-auth completed with 90.00 CNY at "T1"
    And Alice has the 1st completion voided at "T1"
    And Alice has the 1st pre-auth completed with 70.00 CNY at "T1"
    Then "T1" shows APPROVED
    And these messages went over the wire
      | from | message                | trace | code |
      | T1   | pre-auth               | 2     |      |
      | host | pre-auth answer        | 2     | 00   |
      | T1   | completion             | 3     |      |
      | host | completion answer      | 3     | 00   |
      | T1   | completion-void        | 4     |      |
      | host | completion-void answer | 4     | 00   |
      | T1   | completion             | 5     |      |
      | host | completion answer      | 5     | 00   |
    And Alice's card holds 930.00 CNY
    And "Noodle House" is owed 70.00 CNY

  @PRE-006 @host-control
  Scenario: What stands again is held again
    When Alice leaves a deposit of 100.00 CNY at "T1"
    And Alice has the 1st pre-auth completed with 90.00 CNY at "T1"
    And Alice has the 1st completion voided at "T1"
    Then "T1" shows APPROVED
    And Alice's card holds 900.00 CNY
    And "Noodle House" is owed 0.00 CNY

  @PRE-007 @host-control @clock
  Scenario: A deposit that nobody completes is free again after 30 days
    Given Alice leaves a deposit of 100.00 CNY at "T1"
    When 30 days pass
    And operator "01" logs in at "T1"
    And Alice has the 1st pre-auth completed with 100.00 CNY at "T1"
    Then "T1" shows CHECK_ORIGINAL
    And the answer to the 1st completion carries
      | field | value |
      | code  | 22    |
    And Alice's card holds 1000.00 CNY
    And "Noodle House" is owed 0.00 CNY

  @PRE-008 @host-control
  Scenario: A completed deposit is refunded in part
    When Alice leaves a deposit of 100.00 CNY at "T1"
    And Alice has the 1st pre-auth completed with 90.00 CNY at "T1"
    And Alice has 20.00 CNY of the 1st completion refunded at "T1"
    Then "T1" shows APPROVED
    And Alice's card holds 930.00 CNY
    And "Noodle House" is owed 70.00 CNY

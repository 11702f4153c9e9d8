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

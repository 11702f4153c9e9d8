@clock @host-control
Feature: The host's machine fails
  Power goes, processes are killed, disks fill up on a Sunday. Whatever the host has answered must still hold when it is back, and what it
  has not answered must not be half done.

  Background:
    Given till "T1" of "Noodle House" has signed in

  @LIF-001
  Scenario: What was approved outlives the process
    Given Bob has paid 10.00 CNY at "T1"
    When the host is killed and started again
    And Bob swipes 20.00 CNY at "T1"
    Then "T1" shows APPROVED
    And the host has the 1st sale as approved
    And Bob's card holds 4970.00 CNY
    And "Noodle House" is owed 30.00 CNY

  @LIF-001
  Scenario: A repeat from before the host died is a repeat still
    Given Bob has paid 10.00 CNY at "T1"
    And the host is killed and started again
    When "T1" is made to send the 1st sale again
    Then these messages went over the wire
      | from | message     | trace | code |
      | T1   | sale        | 2     |      |
      | host | sale answer | 2     | 94   |
    And Bob's card holds 4990.00 CNY

  @LIF-001
  Scenario: It dies with the answer on its lips, and the reversal finds the sale
    Given the host dies on answering the 1st sale and is back after 5 seconds
    When Bob swipes 10.00 CNY at "T1"
    And 5 minutes pass
    And Bob swipes 20.00 CNY at "T1"
    Then "T1" shows LINE_CUT
    And "T1" shows APPROVED
    And "T1" has the 1st sale as reversed
    And the host has the 1st sale as reversed
    And Bob's card holds 4980.00 CNY

  @LIF-002
  Scenario: It dies before it has done anything
    Given the host dies on receiving the 1st sale and is back after 5 seconds
    When Bob swipes 10.00 CNY at "T1"
    And 5 minutes pass
    And Bob swipes 20.00 CNY at "T1"
    Then "T1" shows LINE_CUT
    And "T1" shows APPROVED
    And the host has the 1st sale as tombstone
    And Bob's card holds 4980.00 CNY

  @LIF-002
  Scenario: It dies while the issuer thinks, and the payment is taken back at the issuer
    Given the issuer answers 4 seconds late
    And the host dies 1 second after receiving the 1st sale and is back after 5 seconds
    When Bob swipes 10.00 CNY at "T1"
    And 5 minutes pass
    And Bob swipes 20.00 CNY at "T1"
    Then "T1" shows LINE_CUT
    And "T1" shows APPROVED
    And "T1" has the 1st sale as reversed
    And Bob's card holds 4980.00 CNY

  @LIF-003
  Scenario: Nothing is approved that is not on the acquirer's disk
    Given every write of the acquirer takes 2 seconds
    And the host dies 1 second after receiving the 1st sale and is back after 5 seconds
    When Bob swipes 10.00 CNY at "T1"
    And 5 minutes pass
    Then "T1" shows LINE_CUT
    And "T1" does not show APPROVED
    And Bob's card holds 5000.00 CNY
    And "Noodle House" is owed 0.00 CNY

  @LIF-003
  Scenario: Nor one that is not on the issuer's
    Given Bob's credit card holds 5000.00 CNY
    And every write of the issuer takes 2 seconds
    And the host dies 1 second after receiving the 1st sale and is back after 5 seconds
    When Bob swipes 10.00 CNY at "T1"
    And 5 minutes pass
    And Bob swipes 20.00 CNY at "T1"
    Then "T1" shows LINE_CUT
    And "T1" shows APPROVED
    And Bob's card holds 4980.00 CNY

  @LIF-003
  Scenario: A slow disk makes the answer late and nothing else
    Given every write of the acquirer takes 5 seconds
    And every write of the issuer takes 5 seconds
    When Bob swipes 10.00 CNY at "T1"
    Then "T1" shows APPROVED
    And Bob's card holds 4990.00 CNY

  @LIF-004
  Scenario Outline: With the disk of the <party> full the host falls silent
    Given the disk of the <party> is full
    When Bob swipes 10.00 CNY at "T1"
    Then "T1" shows <screen>
    And "T1" does not show APPROVED

    Examples:
      | party    | screen           |
      | acquirer | NO_ANSWER        |
      | issuer   | ISSUER_NO_ANSWER |

  @LIF-004
  Scenario: With room on its disk and a new start it sells again
    Given the disk of the acquirer is full
    And Bob swipes 10.00 CNY at "T1"
    And the disk of the acquirer has room again
    When the host is killed and started again
    And Bob swipes 20.00 CNY at "T1"
    Then "T1" shows APPROVED
    And Bob's card holds 4980.00 CNY
    And "Noodle House" is owed 20.00 CNY

  @LIF-005
  Scenario: A clock that is put back gives no number twice
    Given Bob has paid 10.00 CNY at "T1"
    And the clock of the host jumps 1 day ahead
    And Bob has paid 10.00 CNY at "T1"
    When the clock of the host jumps 1 day back
    And Bob swipes 20.00 CNY at "T1"
    And Bob swipes 30.00 CNY at "T1"
    Then "T1" shows APPROVED
    And the host has the 4th sale as approved
    And Bob's card holds 4930.00 CNY
    And "Noodle House" is owed 70.00 CNY

  @LIF-006
  Scenario Outline: A reversal finds its sale though the <whose> has jumped
    Given the line breaks before the answer to the 1st sale
    And the line loses the 1st reversal
    And Bob swipes 10.00 CNY at "T1"
    When <jump>
    And Bob swipes 20.00 CNY at "T1"
    Then "T1" shows APPROVED
    And the host has the 1st sale as reversed
    And Bob's card holds 4980.00 CNY

    Examples:
      | whose        | jump                                      |
      | host's clock | the clock of the host jumps 2 hours ahead |
      | host's clock | the clock of the host jumps 2 hours back  |
      | till's clock | the clock of "T1" is 2 hours fast         |
      | till's clock | the clock of "T1" is 2 hours slow         |
